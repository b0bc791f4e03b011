-- Counts a failed read of a page, sets its retry time with growing backoff, and ends the lease on it.
-- KEYS[1] page  [2] claim
-- ARGV[1] now (ms)  [2] reason  [3] lifetime of a page (s)  [4] prefix of the caller's tokens  [5] key of the term
-- [6] the caller's term; then the delays (ms) by failures in a row.
-- Returns the delay (ms); 0, nothing counted, while another process reads the page.
local refused = deposed(ARGV[5], ARGV[6])
if refused then
  return refused
end
local holder = redis.call("GET", KEYS[2])
if holder and string.sub(holder, 1, #ARGV[4]) ~= ARGV[4] then
  return 0
end
-- A field that is not a whole number would stop the script half-way, so it counts from 0.
local function count(key, field)
  if not string.match(redis.call("HGET", key, field) or "0", "^%-?%d%d?%d?%d?%d?%d?%d?%d?%d?$") then
    redis.call("HDEL", key, field)
  end
  return redis.call("HINCRBY", key, field, 1)
end
local failures = count(KEYS[1], "failures")
local delay = ARGV[6 + math.min(failures, #ARGV - 6)]
redis.call("HSET", KEYS[1], "retry_at", string.format("%.0f", ARGV[1] + delay), "failed_at", ARGV[1], "reason", ARGV[2])
redis.call("EXPIRE", KEYS[1], ARGV[3])
redis.call("DEL", KEYS[2])
return tonumber(delay)
