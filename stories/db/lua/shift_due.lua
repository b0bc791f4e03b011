-- Shifts due times by the jump when the server's clock was set back; else due work would wait for as long as the jump.
-- KEYS[1] marker  [2] to [4] sorted sets that are shifted whole; then for each channel its outbox, its state, and
-- when its alerts went out.
-- ARGV[1] token of this call: a repeat changes nothing  [2] lifetime of the marker (s)  [3] the jump (ms, negative)
-- [4] prefix of alerts  [5] key of the term  [6] the caller's term  [7] 0, or a window (ms): a later pass that moves only
-- what work in flight during the jump wrote by the old clock, due within this window of the old time.
-- Alerts that wait for a fixed time, the end of an embargo, keep it.
-- Returns the number of shifted times.
local refused = deposed(ARGV[5], ARGV[6])
if refused then
  return refused
end
if redis.call("GET", KEYS[1]) == ARGV[1] then
  return 0
end
local time, jump, moved = redis.call("TIME"), tonumber(ARGV[3]), 0
local window = tonumber(ARGV[7])
local before = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) - jump

local function shift(key, is_moved)
  local found = redis.call("ZRANGE", key, 0, -1, "WITHSCORES")
  for i = 1, #found, 2 do
    local score = tonumber(found[i + 1])
    local is_late = score > before and score <= before + window
    if (window == 0 or is_late) and (not is_moved or is_moved(found[i], score)) then
      redis.call("ZADD", key, string.format("%.0f", score + jump), found[i])
      moved = moved + 1
    end
  end
end

local function follows_the_clock(alert, score)
  local known = redis.call("HMGET", ARGV[4] .. alert, "state", "failures", "waiting_since")
  return score <= before or known[1] == "leased" or (tonumber(known[2] or "0") or 0) > 0 or known[3]
end

for i = 2, 4 do
  shift(KEYS[i])
end
for i = 5, #KEYS, 3 do
  shift(KEYS[i], follows_the_clock)
  local paused = tonumber(redis.call("HGET", KEYS[i + 1], "paused_until") or "0") or 0
  if paused > before + jump then
    redis.call("HSET", KEYS[i + 1], "paused_until", string.format("%.0f", paused + jump))
  end
  shift(KEYS[i + 2])
end
redis.call("SET", KEYS[1], ARGV[1], "EX", ARGV[2])
return moved
