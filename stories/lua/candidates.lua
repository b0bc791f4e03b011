-- What memory knows that a new release may belong to. Shared by lookup.lua and keep.lua, so that keep sees whether
-- anything changed since a decision was looked up.
-- candidates(indexes, own, each, prefix): indexes are sorted sets of release ids by first seen (ms); own is the
-- release's own id; each is how many of the newest an index gives; prefix ends every key's common part.
-- Returns the candidates' ids, newest first in the order the indexes name them, and a text that changes with any of them.
local function fields(prefix, id)
  return redis.call("HMGET", prefix .. "release:" .. id, "revision", "story", "replaces")
end

local function story_state(prefix, story)
  local base = prefix .. "story:" .. story
  return redis.call("ZCARD", base .. ":releases") .. "/" .. redis.call("SCARD", base .. ":channels")
end

local function candidates(indexes, own, each, prefix)
  local ids, seen, parts = {}, {}, {}
  for _, index in ipairs(indexes) do
    for _, id in ipairs(redis.call("ZREVRANGE", index, 0, each - 1)) do
      if not seen[id] and id ~= own then
        seen[id] = true
        local found = fields(prefix, id)
        if found[1] then
          ids[#ids + 1] = id
          parts[#parts + 1] = id .. "." .. found[1] .. "." .. (found[3] or "") .. "." .. story_state(prefix, found[2])
        end
      end
    end
  end
  local mine = fields(prefix, own)
  if mine[1] then
    parts[#parts + 1] = "own." .. mine[1] .. "." .. story_state(prefix, mine[2])
  end
  return ids, redis.sha1hex(table.concat(parts, " "))
end
