-- Ends the claims of a process that is dead, and counts for each page how often its reader died.
-- KEYS two for each page: its claim, its page hash.  ARGV[1] what the dead one's tokens begin with  [2] lifetime of a
-- page (s).  Returns for each page how often, 0 where the claim is not the dead one's.
local answers = {}
for i = 1, #KEYS, 2 do
  local holder = redis.call("GET", KEYS[i])
  answers[#answers + 1] = 0
  if holder and string.sub(holder, 1, #ARGV[1]) == ARGV[1] then
    answers[#answers] = redis.call("HINCRBY", KEYS[i + 1], "died", 1)
    redis.call("EXPIRE", KEYS[i + 1], ARGV[2])
    redis.call("DEL", KEYS[i])
  end
end
return answers
