-- Writes the outcome of one try of an alert.
--
-- KEYS[1] outbox of the channel   KEYS[2] the alert   KEYS[3] dead letters   KEYS[4] the channel's state
-- KEYS[5] the story's queue on the channel   KEYS[6] all alerts
-- ARGV[1] the alert's id   ARGV[2] the attempt   ARGV[3] "sent", "later", "failed" or "released"
-- ARGV[4] detail or reason   ARGV[5] ms until the next try ("later")   ARGV[6] seconds for which a receipt is kept
-- ARGV[7] reason to switch the channel off; '' to leave it on   ARGV[8] prefix of alerts
-- ARGV[9] ms for which the receiver requested a pause
--
-- Returns 1, or 0 if a later attempt has claimed the alert. Idempotent for the same attempt.

for place, wanted in pairs({'zset', 'hash', 'zset', 'hash', 'zset', 'zset'}) do
  local found = redis.call('TYPE', KEYS[place]).ok
  if found ~= 'none' and found ~= wanted then
    return redis.error_reply('WRONGTYPE ' .. KEYS[place] .. ' is a ' .. found .. ', not a ' .. wanted)
  end
end

local id, attempt, outcome, words, kept = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[6])
local stored = redis.call('HMGET', KEYS[2], 'attempt', 'settled_attempt', 'state')
if stored[2] == attempt then return 1 end
if stored[1] ~= attempt or stored[3] ~= 'leased' then return 0 end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
-- HINCRBY fails on a field that is not an integer and would stop the script half-way, so such a field restarts at 0.
local function increment(key, field)
  if not string.match(redis.call('HGET', key, field) or '0', '^%d%d?%d?%d?%d?%d?%d?%d?%d?$') then
    redis.call('HDEL', key, field)
  end
  redis.call('HINCRBY', key, field, 1)
end

local function score(number) return string.format('%.0f', number) end

redis.call('HSET', KEYS[2], 'settled_attempt', attempt)
redis.call('EXPIRE', KEYS[2], kept)
if ARGV[7] ~= '' then redis.call('HSET', KEYS[4], 'off', ARGV[7], 'off_at', score(now)) end
local pause = now + tonumber(ARGV[9])
if pause > math.max(now, tonumber(redis.call('HGET', KEYS[4], 'paused_until') or 0) or 0) then
  redis.call('HSET', KEYS[4], 'paused_until', score(pause))
end

if outcome == 'released' then
  redis.call('HSET', KEYS[2], 'state', 'pending')
  redis.call('ZADD', KEYS[1], score(now), id)
  return 1
end
if outcome ~= 'sent' then
  redis.call('HSET', KEYS[2], 'error', words, 'tried', score(now))
  increment(KEYS[2], 'failures')
  redis.call('HSET', KEYS[4], 'error', words, 'error_at', score(now))
end
if outcome == 'later' then
  redis.call('HSET', KEYS[2], 'state', 'pending')
  redis.call('ZADD', KEYS[1], score(now + tonumber(ARGV[5])), id)
  return 1
end

redis.call('HSET', KEYS[2], 'state', outcome, 'settled', score(now))
if outcome == 'sent' then
  redis.call('HSET', KEYS[2], 'detail', words)
  redis.call('HSET', KEYS[4], 'sent_at', score(now))
  increment(KEYS[4], 'sent')
else
  redis.call('ZADD', KEYS[3], score(now), id)
end
redis.call('ZREM', KEYS[1], id)
redis.call('ZREM', KEYS[5], id)

-- The next alert of the story waits no longer.
local next_id = redis.call('ZRANGE', KEYS[5], 0, 0)[1]
if next_id and redis.call('HDEL', ARGV[8] .. next_id, 'waiting_since') == 1 then
  redis.call('ZADD', KEYS[1], score(now), next_id)
end

local oldest = score(now - kept * 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', oldest)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', oldest)
return 1
