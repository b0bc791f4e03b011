-- Keeps one decision whole: release or revision, story, index entries, events, and one outbox entry per channel.
-- Nothing is written unless memory still is as the decision saw it; a repeat of the same call changes nothing.
-- KEYS[1] kept token  [2] release  [3] revisions  [4] story  [5] story releases  [6] story channels
-- [7] story watches  [8] all releases  [9] events  [10] all alerts  [11] page  [12] claim  [13] revisits  [14] source
-- KEYS[15…] the index keys of the release's traits.
-- ARGV[1] the plan as JSON (stories/keeping.py writes it)  [2] the release, packed  [3…] the events as JSON.
-- Returns "kept", or "changed" when the decision must be made again.
local plan = cjson.decode(ARGV[1])
local now, ttl = plan.now, plan.ttl
if redis.call("EXISTS", KEYS[1]) == 1 then
  return "kept"
end
local indexes = {}
for i = 15, #KEYS do
  indexes[#indexes + 1] = KEYS[i]
end
local _, fingerprint = candidates(indexes, plan.id, plan.each, plan.most, plan.prefix)
if fingerprint ~= plan.fingerprint then
  return "changed"
end

-- A wrong type would stop the script half-way, and scripts are not rolled back: look before the first write.
local function other_kind(key, wanted)
  local kind = redis.call("TYPE", key).ok
  return kind ~= "none" and kind ~= wanted and "WRONGTYPE " .. key .. " is a " .. kind .. ", not a " .. wanted
end
local function first_fault()
  local kinds = { "string", "hash", "list", "hash", "zset", "set", "set", "zset", "stream", "zset", "hash", "string", "zset",
    "hash" }
  local fault = false
  for i, key in ipairs(KEYS) do
    fault = fault or other_kind(key, kinds[i] or "zset")
  end
  for _, link in ipairs(plan.links) do
    fault = fault or other_kind(link.key, "hash")
  end
  for _, event in ipairs(plan.events) do
    fault = fault or other_kind(event.key, "string")
    for _, alert in ipairs(event.alerts) do
      fault = fault or other_kind(alert.key, "hash") or other_kind(alert.outbox, "zset")
    end
  end
  return fault
end
local fault = first_fault()
if fault then
  return redis.error_reply(fault)
end

local function hash(key, seconds, ...)
  redis.call("HSET", key, ...)
  redis.call("EXPIRE", key, seconds)
end
local function member(key, seconds, score, name)
  redis.call("ZADD", key, "NX", score, name)
  redis.call("EXPIRE", key, seconds)
end

if redis.call("EXISTS", KEYS[2]) == 0 then
  redis.call("HINCRBY", KEYS[14], "releases", 1)
  hash(KEYS[14], ttl.memory, "last_release_at", plan.seen)
end
if plan.revises then
  local before = redis.call("HGET", KEYS[2], "doc")
  if before then
    redis.call("RPUSH", KEYS[3], before)
    redis.call("LTRIM", KEYS[3], -plan.revisions_kept, -1)
    redis.call("EXPIRE", KEYS[3], ttl.memory)
  end
end
hash(KEYS[2], ttl.memory, "doc", ARGV[2], "story", plan.story, "revision", plan.revision, "verdict", plan.verdict,
  "why", plan.why)
if plan.replaces then
  redis.call("HSET", KEYS[2], "replaces", plan.replaces)
end
for _, link in ipairs(plan.links) do
  hash(link.key, ttl.memory, "replaces", link.replaces)
end
hash(KEYS[4], ttl.memory, "updated", now)
redis.call("HSETNX", KEYS[4], "began", now)
if plan.notice then
  redis.call("HSET", KEYS[4], "notice", plan.id)
end
member(KEYS[5], ttl.memory, plan.first_seen, plan.id)
redis.call("ZADD", KEYS[8], "NX", plan.first_seen, plan.id)
redis.call("ZREMRANGEBYSCORE", KEYS[8], "-inf", now - ttl.memory * 1000)
for _, index in ipairs(indexes) do
  member(index, ttl.memory, plan.first_seen, plan.id)
  redis.call("ZREMRANGEBYRANK", index, 0, -plan.index_kept - 1)
end

for i, event in ipairs(plan.events) do
  if redis.call("EXISTS", event.key) == 0 then
    local entry = redis.call("XADD", KEYS[9], "*", "event", ARGV[2 + i])
    redis.call("SET", event.key, entry, "EX", ttl.events)
    for _, watch in ipairs(event.watches) do
      redis.call("SADD", KEYS[7], watch)
      redis.call("EXPIRE", KEYS[7], ttl.memory)
    end
    for _, alert in ipairs(event.alerts) do
      hash(alert.key, ttl.receipts, "event", event.id, "channel", alert.channel, "story", plan.story, "type", event.type,
        "state", "pending", "attempt", 0, "created", now, "listed", plan.listed)
      redis.call("ZADD", alert.outbox, alert.due, alert.id)
      redis.call("ZADD", KEYS[10], now, alert.id)
      redis.call("SADD", KEYS[6], alert.channel)
      redis.call("EXPIRE", KEYS[6], ttl.memory)
    end
  end
end
redis.call("XTRIM", KEYS[9], "MINID", "~", now - ttl.events * 1000)

-- The page is known from here on, and the lease on it ends: last, so that a crash before leads to another reading.
hash(KEYS[11], ttl.memory, "release", plan.id)
redis.call("HDEL", KEYS[11], "failures", "retry_at", "reason", "gone_since", "loud")
if plan.listed_field and plan.listed_headline ~= "" then
  redis.call("HSET", KEYS[11], plan.listed_field, plan.listed_headline)
end
redis.call("DEL", KEYS[12])
if plan.revisit then
  redis.call("ZADD", KEYS[13], plan.revisit, plan.id)
else
  redis.call("ZREM", KEYS[13], plan.id)
end
redis.call("SET", KEYS[1], "1", "EX", ttl.kept)
return "kept"
