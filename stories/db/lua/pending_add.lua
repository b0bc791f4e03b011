-- Stores sightings until they are read, and when to check what became of them; with a backlog, their places in it too.
-- KEYS[1] pending sightings (hash)  [2] their due times; for a backlog also: [3] backlog of the source  [4] set of the
-- sources that have one.
-- ARGV[1] key of the term  [2] the caller's term and mark  [3] due time (ms)  [4] source; then for each sighting: its URL
-- digest, the sighting as JSON, its rank in the backlog ('' without one).
-- Without a backlog a due time that is set already stays; a place in a backlog always stays.
local refused = deposed(ARGV[1], ARGV[2])
if refused then
  return refused
end
for i = 5, #ARGV, 3 do
  local digest, packed, rank = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  redis.call("HSET", KEYS[1], digest, packed)
  if KEYS[3] then
    redis.call("ZADD", KEYS[2], ARGV[3], digest)
    redis.call("ZADD", KEYS[3], "NX", rank, digest)
  else
    redis.call("ZADD", KEYS[2], "NX", ARGV[3], digest)
  end
end
if KEYS[4] then
  redis.call("SADD", KEYS[4], ARGV[4])
end
return 1
