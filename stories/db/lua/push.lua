-- Changes a subscription to a listing, if it still is the one that was read.
-- KEYS[1] the subscription  [2] the listings that are to be polled
-- ARGV[1] its token  [2] its lifetime in s  [3] when its listing is to be polled (ms), or ""  [4] the listing
-- ARGV[5…] field, value, field, value; an empty value takes the field away.
-- Returns 1, or 0 when another subscription stands there, or none.
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
