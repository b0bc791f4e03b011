-- Sets a field of a hash, and the lifetime of the hash.
-- KEYS[1] hash.  ARGV[1] key of the term  [2] the caller's term and mark  [3] field  [4] value  [5] lifetime (s)
local refused = deposed(ARGV[1], ARGV[2])
if refused then
  return refused
end
redis.call("HSET", KEYS[1], ARGV[3], ARGV[4])
redis.call("EXPIRE", KEYS[1], ARGV[5])
return 1
