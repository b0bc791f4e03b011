-- Removes a listing from those due for a poll after a WebSub push, unless another push arrived since.
-- KEYS[1] its subscription  [2] listings due for a poll (sorted set)
-- ARGV[1] ``wanted_at`` as the caller read it ('': unset)  [2] the listing.  Returns 1 if it was removed, else 0.
local wanted = redis.call("HGET", KEYS[1], "wanted_at")
if (wanted or "") ~= ARGV[1] then
  return 0
end
redis.call("ZREM", KEYS[2], ARGV[2])
return 1
