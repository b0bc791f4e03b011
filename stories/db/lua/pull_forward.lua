-- Makes pages due earlier that failed while their host was away; such a failure does not count against the page.
-- KEYS[1] due times of the pending sightings; then the page hashes.
-- ARGV[1] now (ms)  [2] since when the host was away (ms)  [3] shortest wait after a failure (ms)  [4] key of the term
-- [5] the caller's term and mark; then for each page its URL digest.
-- Returns how many pages were made due earlier.
local refused = deposed(ARGV[4], ARGV[5])
if refused then
  return refused
end
local now, since, shortest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local pulled = 0
for i = 2, #KEYS do
  local page = redis.call("HMGET", KEYS[i], "release", "failed_at", "retry_at", "failures")
  local failed_at, retry_at = tonumber(page[2] or "0") or 0, tonumber(page[3] or "0") or 0
  local due = math.max(now, failed_at + shortest)
  if not page[1] and failed_at >= since and retry_at > due then
    redis.call("HSET", KEYS[i], "retry_at", string.format("%.0f", due))
    if string.match(page[4] or "", "^[1-9]%d?%d?%d?%d?%d?%d?%d?%d?$") then
      redis.call("HINCRBY", KEYS[i], "failures", -1)
    end
    redis.call("ZADD", KEYS[1], "XX", string.format("%.0f", due), ARGV[4 + i])
    pulled = pulled + 1
  end
end
return pulled
