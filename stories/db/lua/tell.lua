-- Stores a monitor event with one outbox entry per channel; an event that exists is not stored again.
-- KEYS[1] events  [2] the event  [3] all alerts  [4] history
-- ARGV[1] the plan as JSON (stories/store/monitor_events.py writes it)  [2] the event as JSON  [3] key of the term  [4] the caller's
-- term and mark.
-- Returns 1; 0 if the event existed.
local plan = cjson.decode(ARGV[1])
local refused = deposed(ARGV[3], ARGV[4])
if refused then
  return refused
end

-- A wrong type would stop the script half-way, and scripts are not rolled back, so types are checked first.
local function other_kind(key, wanted)
  local kind = redis.call("TYPE", key).ok
  return kind ~= "none" and kind ~= wanted and "WRONGTYPE " .. key .. " is a " .. kind .. ", not a " .. wanted
end
local fault = other_kind(KEYS[1], "stream") or other_kind(KEYS[2], "string") or other_kind(KEYS[3], "zset")
  or other_kind(KEYS[4], "stream")
for _, alert in ipairs(plan.alerts) do
  fault = fault or other_kind(alert.key, "hash") or other_kind(alert.outbox, "zset")
end
if fault then
  return redis.error_reply(fault)
end

if redis.call("EXISTS", KEYS[2]) == 1 then
  return 0
end
redis.call("XADD", KEYS[1], "MAXLEN", "~", plan.live, "*", "event", ARGV[2])
local entry = redis.call("XADD", KEYS[4], "*", "event", ARGV[2])
redis.call("SET", KEYS[2], entry, "EX", plan.ttl.events)
for _, alert in ipairs(plan.alerts) do
  redis.call("HSET", alert.key, "event", plan.id, "channel", alert.channel, "story", plan.line, "type", plan.type,
    "state", "pending", "attempt", 0, "created", plan.now, "listed", "")
  redis.call("EXPIRE", alert.key, plan.ttl.receipts)
  redis.call("ZADD", alert.outbox, plan.now, alert.id)
  redis.call("ZADD", KEYS[3], plan.now, alert.id)
end
redis.call("XTRIM", KEYS[4], "MINID", "~", plan.now - plan.ttl.events * 1000)
return 1
