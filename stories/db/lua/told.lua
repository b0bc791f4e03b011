-- Takes the next poll times that workers reported to the leader.
-- KEYS[1] reports (list).  ARGV[1] key of the term  [2] the caller's term  [3] maximum number.
local refused = deposed(ARGV[1], ARGV[2])
if refused then
  return refused
end
return redis.call("LPOP", KEYS[1], ARGV[3]) or {}
