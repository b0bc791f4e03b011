-- Makes one alert due now, whatever its state, and switches its channel on.
--
-- KEYS[1] outbox of the channel   KEYS[2] the alert   KEYS[3] dead letters   KEYS[4] the channel's state
-- ARGV[1] the alert's id   ARGV[2] seconds for which a receipt is kept
--
-- Returns "due", "sending" (a try is in flight, so nothing changes) or "unknown". Idempotent.

for place, wanted in pairs({'zset', 'hash', 'zset', 'hash'}) do
  local found = redis.call('TYPE', KEYS[place]).ok
  if found ~= 'none' and found ~= wanted then
    return redis.error_reply('WRONGTYPE ' .. KEYS[place] .. ' is a ' .. found .. ', not a ' .. wanted)
  end
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local state = redis.call('HGET', KEYS[2], 'state')
if not state then
  redis.call('ZREM', KEYS[3], ARGV[1])
  return 'unknown'
end
redis.call('HDEL', KEYS[4], 'off', 'off_at')
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if state == 'leased' and lease and tonumber(lease) > now then return 'sending' end

redis.call('HDEL', KEYS[2], 'failures', 'settled', 'waiting_since')
redis.call('HSET', KEYS[2], 'state', 'pending')
redis.call('EXPIRE', KEYS[2], ARGV[2])
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return 'due'
