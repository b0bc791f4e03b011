-- How a listing names a page, as stored: "headline#tags.version", each a digest, without what it does not give. The
-- tags are those that a watch follows; here they count as part of the headline.
local function listed_headline(listed)
  return string.match(listed, "^[^.]*")
end
local function listed_version(listed)
  return string.match(listed, "%.(.*)$") or ""
end
local function differs(before, after)
  return before ~= "" and after ~= "" and before ~= after
end
local function is_other_headline(before, after)
  return differs(listed_headline(before), listed_headline(after))
end
-- Whether only the version differs.
local function is_other_version(before, after)
  return not is_other_headline(before, after) and differs(listed_version(before), listed_version(after))
end
-- The newer of both, with what only the older says.
local function merge_listed(before, after)
  local headline, version = listed_headline(after), listed_version(after)
  headline = headline ~= "" and headline or listed_headline(before)
  version = version ~= "" and version or listed_version(before)
  return version ~= "" and headline .. "." .. version or headline
end
local function has_tags(listed)
  return string.find(listed, "#", 1, true) ~= nil
end
local function is_newly_tagged(before, after)
  return has_tags(after) and not has_tags(before)
end
