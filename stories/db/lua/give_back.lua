-- Ends the lease on a page, if it still is the caller's.
-- KEYS[1] claim.  ARGV[1] prefix of the caller's tokens.
local holder = redis.call("GET", KEYS[1])
if holder and string.sub(holder, 1, #ARGV[1]) == ARGV[1] then
  redis.call("DEL", KEYS[1])
end
