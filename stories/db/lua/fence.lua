-- Begins every script that writes what a poll or a page showed. It refuses once another daemon has the clock, and where
-- the memory is not the caller's: a Redis that came back empty must not be filled as if this were a first start.
-- key: of the current term.  term: the caller's; 0 for a process without the clock (workers, crawls by hand); then,
-- after a space, the mark of the caller's memory; left out, the memory is not checked.
-- Returns false, or the error to return: its first word is known to stories/db/fencing.py.
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
