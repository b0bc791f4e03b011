-- Makes alerts due that a previous process of the same role had leased when it ended.
--
-- KEYS[1] outbox of the channel
-- ARGV[1] prefix of alerts   ARGV[2] longest lease in ms   ARGV[3] prefix of the role's holders
-- ARGV[4] this holder   ARGV[5] maximum number of alerts to examine
--
-- Returns how many alerts were made due. Idempotent.

local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'zset' then
  return redis.error_reply('WRONGTYPE ' .. KEYS[1] .. ' is a ' .. kind .. ', not a zset')
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local role, mine = ARGV[3], ARGV[4]
local due = 0
for place, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], now, now + tonumber(ARGV[2]), 'LIMIT', 0, ARGV[5])) do
  local key = ARGV[1] .. id
  if redis.call('TYPE', key).ok == 'hash' then
    local found = redis.call('HMGET', key, 'state', 'holder')
    local holder = found[2] or ''
    if found[1] == 'leased' and string.sub(holder, 1, #role) == role and holder ~= mine then
      redis.call('HSET', key, 'state', 'pending')
      redis.call('ZADD', KEYS[1], string.format('%.0f', now), id)
      due = due + 1
    end
  end
end
return due
