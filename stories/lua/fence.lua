-- Begins every script that a daemon calls as the holder of the clock: refuses it once another has the clock.
-- key: of the term that stands.  term: the caller's; 0 for who does not write as the clock (workers, crawls by hand).
-- Returns false, or the error to return: its first word is known to stories/fence.py.
local function deposed(key, term)
  if tonumber(term) > 0 and tonumber(redis.call("GET", key) or "0") > tonumber(term) then
    return redis.error_reply("DEPOSED another daemon has the clock since; what was read is read again by it")
  end
  return false
end
