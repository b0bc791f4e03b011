-- Leases the sightings that are to be read: those nobody has seen, and known ones whose listed headline changed.
-- KEYS[1] seeded (set of the listing's first sightings); then for each sighting: its page hash, its claim.
-- ARGV[1] now (ms)  [2] lease (ms)  [3] field of this listing in a page hash  [4] "1" at a first poll that seeds
-- ARGV[5] lifetime of seeded (s)  [6] lifetime of a page (s)
-- ARGV[7] failures in a row after which a page no longer counts as open; then for each sighting: its URL digest, its
-- headline digest.
-- Returns for each sighting: 0 settled, 1 new, 2 new and silent, 3 changed, 4 open (leased, or waiting for another try).
local now, lease, field, seeding = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4] == "1"
local answers = {}
for i = 1, (#KEYS - 1) / 2 do
  local page, claim = KEYS[2 * i], KEYS[2 * i + 1]
  local digest, headline = ARGV[6 + 2 * i], ARGV[7 + 2 * i]
  local known = redis.call("HMGET", page, "release", field, "retry_at", "failures")
  local answer = 0
  if seeding and not known[1] then
    redis.call("SADD", KEYS[1], digest)
    redis.call("EXPIRE", KEYS[1], ARGV[5])
  end
  if redis.call("EXISTS", claim) == 1 then
    answer = 4
  elseif known[3] and tonumber(known[3]) > now then
    answer = tonumber(known[4] or "0") < tonumber(ARGV[7]) and 4 or 0
  else
    if not known[1] then
      answer = redis.call("SISMEMBER", KEYS[1], digest) == 1 and 2 or 1
    elseif known[2] and headline ~= "" and known[2] ~= headline then
      answer = 3
    elseif not known[2] and headline ~= "" then
      redis.call("HSET", page, field, headline)
      redis.call("EXPIRE", page, ARGV[6])
    end
    if answer > 0 then
      redis.call("SET", claim, "1", "PX", lease)
    end
  end
  answers[i] = answer
end
return answers
