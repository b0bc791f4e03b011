-- Changes the WebSub subscription of a listing, if it is still the one that the caller read.
-- KEYS[1] the subscription  [2] listings due for a poll (sorted set)
-- ARGV[1] its token  [2] its lifetime (s)  [3] due time of a poll of the listing (ms), or ''  [4] the listing
-- ARGV[5…] field, value, field, value; an empty value deletes the field.
-- Returns 1; 0 if there is another subscription, or no subscription.
if redis.call("HGET", KEYS[1], "token") ~= ARGV[1] then
  return 0
end
for at = 5, #ARGV, 2 do
  if ARGV[at + 1] == "" then
    redis.call("HDEL", KEYS[1], ARGV[at])
  else
    redis.call("HSET", KEYS[1], ARGV[at], ARGV[at + 1])
  end
end
redis.call("EXPIRE", KEYS[1], ARGV[2])
if ARGV[3] ~= "" then
  redis.call("ZADD", KEYS[2], ARGV[3], ARGV[4])
end
return 1
