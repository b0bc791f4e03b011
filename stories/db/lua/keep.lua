-- Stores one decision atomically: release or revision, story, index entries, events, and an outbox entry per channel.
-- Nothing is written if the data changed since the decision was made. A repeat of the same call changes nothing.
-- KEYS[1] release  [2] revisions  [3] story  [4] all releases  [5] events  [6] history  [7] all alerts  [8] page
-- [9] claim  [10] revisits  [11] source  [12…] the index keys of the release's blocking keys.
-- ARGV[1] the plan as JSON (stories/store/releases.py writes it)  [2] the release's id as bytes  [3] the release, packed
-- [4…] two for each event: its JSON, and the same as ``history`` stores it.
-- Returns "kept", or "changed" if the decision must be made again; an error if the caller is fenced off (fence.lua).
local plan, raw = cjson.decode(ARGV[1]), ARGV[2]
local now, ttl = plan.now, plan.ttl
local FIRST_INDEX = 12
local MAX_EXPIRED = 100 -- expired releases that one call removes from the list

local _, _, replaced, tokens = fields(plan.prefix, plan.id)
if tokens and string.find("," .. tokens .. ",", "," .. plan.token .. ",", 1, true) then
  return "kept"
end
local refused = deposed(plan.term_key, plan.term)
if refused then
  return refused
end
local indexes = {}
for i = FIRST_INDEX, #KEYS do
  indexes[#indexes + 1] = KEYS[i]
end
local _, fingerprint, held = candidates(indexes, raw, plan.each, plan.most, plan.prefix)
if fingerprint ~= plan.fingerprint then
  return "changed"
end

-- A wrong type would stop the script half-way, and scripts are not rolled back, so types are checked first. Indexes
-- were read above, which fails where they are none.
local function other_kind(key, wanted)
  local kind = redis.call("TYPE", key).ok
  return kind ~= "none" and kind ~= wanted and "WRONGTYPE " .. key .. " is a " .. kind .. ", not a " .. wanted
end
local function first_fault()
  local kinds = { "string", "list", "zset", "zset", "stream", "stream", "zset", "hash", "string", "zset", "hash" }
  local fault = false
  for i, kind in ipairs(kinds) do
    fault = fault or other_kind(KEYS[i], kind)
  end
  fault = fault or other_kind(plan.changes, "stream")
  for _, link in ipairs(plan.links) do
    fault = fault or other_kind(link.key, "string")
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

-- A field that is no whole number would stop the script half-way: it counts from 0.
local function count(key, field)
  if not string.match(redis.call("HGET", key, field) or "0", "^%-?%d%d?%d?%d?%d?%d?%d?%d?%d?$") then
    redis.call("HDEL", key, field)
  end
  return redis.call("HINCRBY", key, field, 1)
end
local before = redis.call("GET", KEYS[1])
if not before then
  count(KEYS[11], "releases")
  redis.call("HSET", KEYS[11], "last_release_at", plan.seen)
  redis.call("EXPIRE", KEYS[11], ttl.releases)
elseif plan.revises then
  redis.call("RPUSH", KEYS[2], string.sub(before, (string.find(before, "\n", 1, true) or 0) + 1))
  if redis.call("LLEN", KEYS[2]) > plan.revisions_kept then
    -- The first state is never deleted: it was alerted as new, and events refer to it.
    local first = redis.call("LPOP", KEYS[2], 2)[1]
    redis.call("LPUSH", KEYS[2], first)
  end
  redis.call("EXPIRE", KEYS[2], ttl.releases)
end
local newest = string.match(tokens or "", "^[^,]+")
local head = { plan.revision, plan.story, plan.replaces or replaced or "-",
  plan.token .. (newest and "," .. newest or ""), plan.verdict, now, plan.why }
redis.call("SET", KEYS[1], table.concat(head, " ") .. "\n" .. ARGV[3], "EX", ttl.releases)
for _, link in ipairs(plan.links) do
  local value = redis.call("GET", link.key)
  if value then
    value = string.gsub(value, "^(%d+ %S+) %S+ ", "%1 " .. link.replaces .. " ", 1)
    redis.call("SET", link.key, value, "EX", ttl.releases)
  end
end

-- What left memory leaves its story with it.
local function in_memory(id)
  return redis.call("EXISTS", plan.prefix .. "release:" .. id) == 1
end
local marks = story_state(KEYS[3])
local oldest = redis.call("ZRANGE", KEYS[3], #marks, #marks)[1]
while oldest and not in_memory(oldest) do
  redis.call("ZREM", KEYS[3], oldest)
  oldest = redis.call("ZRANGE", KEYS[3], #marks, #marks)[1]
end
if plan.notice then
  for _, mark in ipairs(marks) do
    if string.sub(mark, 1, 2) == "n:" then
      redis.call("ZREM", KEYS[3], mark)
    end
  end
  redis.call("ZADD", KEYS[3], 0, "n:" .. plan.id)
end
redis.call("ZADD", KEYS[3], "NX", plan.first_seen, plan.id)
redis.call("EXPIRE", KEYS[3], ttl.releases)
redis.call("ZADD", KEYS[4], "NX", plan.first_seen, plan.id)
-- A limited number a call: after months without a daemon there are very many.
local expired = redis.call("ZRANGEBYSCORE", KEYS[4], "-inf", now - ttl.releases * 1000, "LIMIT", 0, MAX_EXPIRED)
if #expired > 0 then
  redis.call("ZREM", KEYS[4], unpack(expired))
end
redis.call("XADD", plan.changes, "MAXLEN", "~", plan.changes_kept, "*", "id", plan.id)
for _, link in ipairs(plan.links) do
  redis.call("XADD", plan.changes, "MAXLEN", "~", plan.changes_kept, "*", "id", string.match(link.key, "[^:]+$"))
end

local function holds(entries)
  local at = string.find(entries, raw, 1, true)
  while at and (at - 1) % ENTRY ~= 0 do
    at = string.find(entries, raw, at + 1, true)
  end
  return at
end
for i, index in ipairs(indexes) do
  local entries = held[i]
  while #entries > 0 and not in_memory(written(string.sub(entries, 1, ENTRY))) do
    entries = string.sub(entries, ENTRY + 1)
  end
  if not holds(entries) then
    entries = string.sub(entries .. raw, -plan.index_kept * ENTRY)
  end
  redis.call("SET", index, entries, "EX", ttl.releases)
end

local marks = plan.marks
for i, event in ipairs(plan.events) do
  if redis.call("EXISTS", event.key) == 0 then
    redis.call("XADD", KEYS[5], "MAXLEN", "~", plan.live, "*", "event", ARGV[2 + 2 * i])
    local entry = redis.call("XADD", KEYS[6], "*", "event", ARGV[3 + 2 * i])
    redis.call("SET", event.key, entry, "EX", ttl.events)
    for _, watch in ipairs(event.watches) do
      marks[#marks + 1] = "w:" .. watch
    end
    for _, alert in ipairs(event.alerts) do
      redis.call("HSET", alert.key, "event", event.id, "channel", alert.channel, "story", plan.story, "type", event.type,
        "state", "pending", "attempt", 0, "created", now, "listed", plan.listed)
      redis.call("EXPIRE", alert.key, ttl.receipts)
      redis.call("ZADD", alert.outbox, alert.due, alert.id)
      redis.call("ZADD", KEYS[7], now, alert.id)
      marks[#marks + 1] = "c:" .. alert.channel
    end
  end
end
for _, mark in ipairs(marks) do
  redis.call("ZADD", KEYS[3], 0, mark)
end
redis.call("XTRIM", KEYS[6], "MINID", "~", now - ttl.events * 1000)

-- Record the page and end its lease. This is last, so that a crash before it leads to another reading.
redis.call("HSET", KEYS[8], "release", plan.id)
redis.call("HDEL", KEYS[8], "failures", "retry_at", "failed_at", "reason", "gone_since", "loud", "futile")
if plan.listed_field and plan.listed_as ~= "" then
  redis.call("HSET", KEYS[8], plan.listed_field, plan.listed_as)
end
redis.call("EXPIRE", KEYS[8], ttl.releases)
redis.call("DEL", KEYS[9])
if plan.revisit then
  redis.call("ZADD", KEYS[10], plan.revisit, plan.id)
else
  redis.call("ZREM", KEYS[10], plan.id)
end
return "kept"
