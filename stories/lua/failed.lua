-- Counts a page that could not be read, leaves it alone for a while that grows, and ends the lease on it.
-- KEYS[1] page  [2] claim
-- ARGV[1] now (ms)  [2] reason  [3] lifetime of a page (s); then the delays (ms) by failures in a row.
-- Returns the delay (ms).
local failures = redis.call("HINCRBY", KEYS[1], "failures", 1)
local delay = ARGV[3 + math.min(failures, #ARGV - 3)]
redis.call("HSET", KEYS[1], "retry_at", string.format("%.0f", ARGV[1] + delay), "reason", ARGV[2])
redis.call("EXPIRE", KEYS[1], ARGV[3])
redis.call("DEL", KEYS[2])
return tonumber(delay)
