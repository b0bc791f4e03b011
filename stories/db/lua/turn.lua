-- Rate limit of a host: reserves the next request slot, by the server's clock.
-- KEYS[1] the last reserved slot (ms) and the interval between slots (ms) that its caller used.
-- ARGV[1] interval between two slots (ms)  [2] lifetime of the key after the slot (ms).  Returns the ms until the slot.
local MAX_WAITING = 20 -- reserved slots of all processes
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local apart = tonumber(ARGV[1])
local last, known = string.match(redis.call("GET", KEYS[1]) or "", "^(%d+) (%d+)$")
-- A slot further ahead than all waiting requests means that the clock was set back.
local farthest = last and ARGV[2] + MAX_WAITING * math.max(apart, tonumber(known))
if last and tonumber(last) > now + farthest then last = nil end
-- The longer interval wins: not every process has read the host's robots.txt.
local at = last and math.max(now, tonumber(last) + math.max(apart, tonumber(known))) or now
redis.call("SET", KEYS[1], string.format("%d %d", at, apart), "PX", at - now + ARGV[2])
return at - now
