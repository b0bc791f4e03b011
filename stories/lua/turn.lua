-- Gives out the next turn to ask a host, by the server's clock.
-- KEYS[1] turn.  ARGV[1] time between two turns (ms).  Returns the milliseconds until the turn.
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = math.max(now, tonumber(redis.call("GET", KEYS[1]) or 0))
redis.call("SET", KEYS[1], string.format("%d", at + ARGV[1]), "PX", math.max(1, math.ceil(at - now + ARGV[1])))
return at - now
