-- Fencing check in front of every script that writes results of a poll or page. It rejects the write if another daemon is
-- the leader, and if the data in Redis are not the caller's: an emptied Redis must not be filled as at a first start.
-- key: key of the current term.  term: the caller's term (0 for workers and one-off crawls), then after a space the mark
-- of the caller's data; without a mark the data are not checked.
-- Returns false, or the error to return; stories/db/fencing.py recognises its first word.
local function deposed(key, term)
  local number, mark = string.match(tostring(term), "^(%d+) ?(%S*)$")
  if mark ~= "" and redis.call("GET", MEMORY_KEY) ~= mark then
    return redis.error_reply("FORGOTTEN Redis came back empty or with other data; the daemon restores what it knows")
  end
  if tonumber(number) > 0 and (tonumber(redis.call("GET", key) or "0") or 0) > tonumber(number) then
    return redis.error_reply("DEPOSED another daemon has the clock since; what was read is read again by it")
  end
  return false
end
