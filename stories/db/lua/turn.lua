-- Gives out the next turn to ask a host, by the server's clock.
-- KEYS[1] turn: when the last one was given for (ms), and how far apart (ms) its taker knew turns to be.
-- ARGV[1] time between two turns (ms), ARGV[2] how long to remember it (ms).  Returns the milliseconds until the turn.
local LINE = 20 -- turns that may wait at the most, of all processes
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local apart = tonumber(ARGV[1])
local last, known = string.match(redis.call("GET", KEYS[1]) or "", "^(%d+) (%d+)$")
-- So far ahead no line of those who wait is: the clock was set back.
local line = last and ARGV[2] + LINE * math.max(apart, tonumber(known))
if last and tonumber(last) > now + line then last = nil end
-- Whoever knows of a longer time between two is believed: not all have read the host's robots.txt.
local at = last and math.max(now, tonumber(last) + math.max(apart, tonumber(known))) or now
redis.call("SET", KEYS[1], string.format("%d %d", at, apart), "PX", at - now + ARGV[2])
return at - now
