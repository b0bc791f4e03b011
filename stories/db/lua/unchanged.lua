-- Ends the lease on an unchanged page, and stores how it is listed now. A page whose listed version changed and whose
-- content did not is counted as read in vain.
-- KEYS[1] page  [2] claim
-- ARGV[1] key of the term  [2] the caller's term and mark  [3] lifetime of a page (s)  [4] release id  [5] field of the
-- listing in the page hash ('': none)  [6] digests of the listed headline and version.
local refused = deposed(ARGV[1], ARGV[2])
if refused then
  return refused
end
redis.call("HSET", KEYS[1], "release", ARGV[4])
if ARGV[5] ~= "" then
  local listed = redis.call("HGET", KEYS[1], ARGV[5])
  if listed and is_other_version(listed, ARGV[6]) then
    redis.call("HINCRBY", KEYS[1], "futile", 1)
  end
  redis.call("HSET", KEYS[1], ARGV[5], ARGV[6])
end
redis.call("HDEL", KEYS[1], "failures", "retry_at", "failed_at", "reason", "gone_since", "loud")
redis.call("EXPIRE", KEYS[1], ARGV[3])
redis.call("DEL", KEYS[2])
return 1
