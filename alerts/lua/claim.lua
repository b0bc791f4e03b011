-- Leases the alerts of one channel that are due, in the order of events within a story.
--
-- KEYS[1] outbox of the channel   KEYS[2] the channel's state   KEYS[3] reply of this claim   KEYS[4] dead letters
-- KEYS[5] send times of the channel's alerts within the period of its rate limit
-- ARGV[1] channel   ARGV[2] limit   ARGV[3] lease in ms   ARGV[4] seconds for which a reply is kept
-- ARGV[5] prefix of alerts   ARGV[6] prefix of events   ARGV[7] prefix of the channel's story queues
-- ARGV[8] seconds for which receipts and queues are kept   ARGV[9] "all": claim several alerts of a story
-- ARGV[10] JSON list of the only alerts to claim; '' for any
-- ARGV[11] rate limit: alerts   ARGV[12] per this many ms; '0' for no limit   ARGV[13] holder
--
-- Returns JSON: {now, due (of the next alert; absent without one), given_up, alerts: [[...]]}. held is true when nothing
-- may be sent before due, because the receiver requested a pause or the rate limit is reached. A repeated call with the
-- same KEYS[3] changes nothing and returns the same reply. If the channel is off, its due alerts are given up.

local channel, limit, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local receipts_kept, together = tonumber(ARGV[8]), ARGV[9] == 'all'
local rate, period = tonumber(ARGV[11]), tonumber(ARGV[12])

for place, wanted in pairs({'zset', 'hash', 'string', 'zset', 'zset'}) do
  local found = redis.call('TYPE', KEYS[place]).ok
  if found ~= 'none' and found ~= wanted then
    return redis.error_reply('WRONGTYPE ' .. KEYS[place] .. ' is a ' .. found .. ', not a ' .. wanted)
  end
end

local before = redis.call('GET', KEYS[3])
if before then return before end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function score(number) return string.format('%.0f', number) end

-- Returns an alert's fields. A lost record is rebuilt from the alert's id, which contains the event's id.
local function read(id)
  local key = ARGV[5] .. id
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'hash' then
    if kind ~= 'none' then redis.call('RENAME', key, key .. ':unreadable') end
    redis.call('HSET', key, 'event', string.sub(id, 1, -(#channel + 2)), 'channel', channel, 'story', '',
      'type', '', 'state', 'pending', 'attempt', '0', 'created', score(now), 'listed', '')
    redis.call('EXPIRE', key, receipts_kept)
  end
  local f = redis.call('HMGET', key, 'event', 'story', 'type', 'created', 'listed', 'failures', 'body', 'state')
  return {id = id, key = key, event = f[1] or '', story = f[2] or '', type = f[3] or '', created = tonumber(f[4]) and f[4] or score(now),
    listed = tonumber(f[5]) and f[5] or '', failures = string.match(f[6] or '', '^%d+$') or '0', body = f[7] or '', state = f[8] or ''}
end

-- The stream id gives the order of events, also within one millisecond.
local function stream_id(event)
  local key = ARGV[6] .. event
  if redis.call('TYPE', key).ok ~= 'string' then return '' end
  return redis.call('GET', key)
end

local function join_line(alert)
  alert.stream = stream_id(alert.event)
  if alert.story == '' then return end
  local ms, sequence = string.match(alert.stream, '^(%d+)-(%d+)$')
  local place = tonumber(ms or alert.created) * 4096 + math.min(tonumber(sequence or 0), 4095)
  alert.line = ARGV[7] .. alert.story
  redis.call('ZADD', alert.line, score(place), alert.id)
  redis.call('EXPIRE', alert.line, receipts_kept)
end

-- Returns the first unsettled alert of a story queue, and removes settled alerts that were left there.
local function first_on(line, passing)
  for place, id in ipairs(redis.call('ZRANGE', line, 0, 99)) do
    local state = redis.call('HGET', ARGV[5] .. id, 'state')
    if state ~= 'pending' and state ~= 'leased' then
      redis.call('ZREM', line, id)
    elseif not passing[id] then
      return id
    end
  end
end

local function give_up(alert, reason)
  redis.call('ZREM', KEYS[1], alert.id)
  if alert.line then redis.call('ZREM', alert.line, alert.id) end
  redis.call('HSET', alert.key, 'state', 'failed', 'error', reason, 'settled', score(now))
  redis.call('EXPIRE', alert.key, receipts_kept)
  redis.call('ZADD', KEYS[4], score(now), alert.id)
end

-- Delays an alert until the lease or delay of the alert before it ends, or that alert is settled.
local function wait_for(alert, first)
  local free = redis.call('ZSCORE', KEYS[1], first)
  if not free then
    free = now
    redis.call('ZADD', KEYS[1], score(now), first)
  end
  redis.call('HSETNX', alert.key, 'waiting_since', score(now))
  redis.call('ZADD', KEYS[1], score(math.max(tonumber(free), now + 1)), alert.id)
end

local function take(alert)
  if not string.match(redis.call('HGET', alert.key, 'attempt') or '0', '^%d%d?%d?%d?%d?%d?%d?%d?%d?$') then
    redis.call('HDEL', alert.key, 'attempt')
  end
  local attempt = redis.call('HINCRBY', alert.key, 'attempt', 1)
  redis.call('HSET', alert.key, 'state', 'leased', 'holder', ARGV[13])
  redis.call('HDEL', alert.key, 'waiting_since')
  redis.call('ZADD', KEYS[1], score(now + lease), alert.id)
  return {alert.id, alert.event, alert.story, alert.type, tostring(attempt), alert.failures, alert.created, alert.listed,
    alert.stream, alert.body}
end

local function looked_at()
  if ARGV[10] == '' then return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, limit * 2 + 32) end
  local found = {}
  for place, id in ipairs(cjson.decode(ARGV[10])) do
    local score = redis.call('ZSCORE', KEYS[1], id)
    if score and tonumber(score) <= now then found[#found + 1] = id end
  end
  return found
end

-- Returns how many alerts may be sent now; for 0 also when the next one may be sent.
local function allowed()
  local paused = tonumber(redis.call('HGET', KEYS[2], 'paused_until') or 0) or 0
  if paused > now then return 0, paused end
  if rate == 0 then return limit end
  redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', now - period)
  local used = redis.call('ZCARD', KEYS[5])
  if used < rate then return together and limit or math.min(limit, rate - used) end
  return 0, tonumber(redis.call('ZRANGE', KEYS[5], used - rate, used - rate, 'WITHSCORES')[2]) + period
end

-- Alerts that are claimed together are sent as one message and count once.
local function count(claimed)
  if rate == 0 or #claimed == 0 then return end
  for place = 1, together and 1 or #claimed do
    redis.call('ZADD', KEYS[5], score(now), claimed[place][1] .. ' ' .. claimed[place][5])
  end
  redis.call('PEXPIRE', KEYS[5], period)
end

local off = redis.call('HGET', KEYS[2], 'off')
if not off then
  local held_until
  limit, held_until = allowed()
  if limit == 0 then return cjson.encode({now = score(now), due = score(held_until), given_up = 0, held = true}) end
end

local due = {}
for place, id in ipairs(looked_at()) do
  local alert = read(id)
  if alert.state == 'pending' or alert.state == 'leased' then
    join_line(alert)
    due[#due + 1] = alert
  else
    redis.call('ZREM', KEYS[1], id)  -- settled: it has a receipt
  end
end

local claimed, given_up, passing = {}, 0, {}
for place, alert in ipairs(due) do
  if off then
    give_up(alert, 'the channel is off: ' .. off)
    given_up = given_up + 1
  elseif #claimed < limit then
    local first = alert.line and first_on(alert.line, passing)
    if first and first ~= alert.id then
      wait_for(alert, first)
    else
      claimed[#claimed + 1] = take(alert)
      if together then passing[alert.id] = true end
    end
  end
end

count(claimed)
local answer = {now = score(now), given_up = given_up, alerts = claimed}
if #claimed == 0 then answer.alerts = nil end
local next_due = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if next_due[2] then answer.due = score(tonumber(next_due[2])) end
local text = cjson.encode(answer)
if #claimed > 0 then redis.call('SET', KEYS[3], text, 'EX', ARGV[4]) end
return text
