-- Takes the first pages of a source's backlog, and sets when to check what became of them.
-- KEYS[1] backlog of the source  [2] set of the sources that have one  [3] pending sightings (hash)  [4] their due times
-- ARGV[1] source  [2] how many  [3] due time of what is taken (ms)  [4] only entries with a rank below this ('': all)
-- [5] key of the term  [6] the caller's term and mark.
-- Returns a flat list: rank and packed sighting of each; entries whose sighting is gone are dropped.
local refused = deposed(ARGV[5], ARGV[6])
if refused then
  return refused
end
local upto = ARGV[4] == "" and "+inf" or "(" .. ARGV[4]
local found = redis.call("ZRANGEBYSCORE", KEYS[1], "-inf", upto, "WITHSCORES", "LIMIT", 0, tonumber(ARGV[2]))
local answer = {}
for i = 1, #found, 2 do
  local digest = found[i]
  redis.call("ZREM", KEYS[1], digest)
  local packed = redis.call("HGET", KEYS[3], digest)
  if packed then
    redis.call("ZADD", KEYS[4], "XX", ARGV[3], digest)
    answer[#answer + 1] = found[i + 1]
    answer[#answer + 1] = packed
  end
end
if redis.call("EXISTS", KEYS[1]) == 0 then
  redis.call("SREM", KEYS[2], ARGV[1])
end
return answer
