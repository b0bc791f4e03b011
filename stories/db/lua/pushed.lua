-- Takes a listing out of those that are to be polled because of a push, unless another push came since.
-- KEYS[1] its subscription  [2] the listings that are to be polled
-- ARGV[1] since when a poll was wanted, as it was read; "" for never  [2] the listing. Returns 1 if it is out.
local wanted = redis.call("HGET", KEYS[1], "wanted_at")
if (wanted or "") ~= ARGV[1] then
  return 0
end
redis.call("ZREM", KEYS[2], ARGV[2])
return 1
