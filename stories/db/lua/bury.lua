-- Ends the claims of a crashed process, and counts for each page how often its reader crashed.
-- KEYS two for each page: its claim, its page hash.  ARGV[1] prefix of the crashed process's tokens
-- [2] lifetime of a page (s).  Returns the count of each page; 0 where another process holds the claim.
-- A field that is not a whole number would stop the script half-way, so it counts from 0.
local function count(key, field)
  if not string.match(redis.call("HGET", key, field) or "0", "^%-?%d%d?%d?%d?%d?%d?%d?%d?%d?$") then
    redis.call("HDEL", key, field)
  end
  return redis.call("HINCRBY", key, field, 1)
end
local answers = {}
for i = 1, #KEYS, 2 do
  local holder = redis.call("GET", KEYS[i])
  answers[#answers + 1] = 0
  if holder and string.sub(holder, 1, #ARGV[1]) == ARGV[1] then
    answers[#answers] = count(KEYS[i + 1], "died")
    redis.call("EXPIRE", KEYS[i + 1], ARGV[2])
    redis.call("DEL", KEYS[i])
  end
end
return answers
