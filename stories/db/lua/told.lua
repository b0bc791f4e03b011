-- Takes what workers told the clock of listings that they polled.
-- KEYS[1] what was told.  ARGV[1] key of the term  [2] the caller's term  [3] how many at the most.
local refused = deposed(ARGV[1], ARGV[2])
if refused then
  return refused
end
return redis.call("LPOP", KEYS[1], ARGV[3]) or {}
