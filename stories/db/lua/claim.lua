-- Leases the sightings to read: new ones, and known ones whose listed headline, watched tags or version changed.
-- KEYS[1] seeded (set of the listing's first sightings, and the poll that saw them)  [2] backlog of the source  [3] pending
-- sightings (hash); then for each sighting: its page hash, its claim.
-- ARGV[1] now (ms)  [2] lease (ms)  [3] field of this listing in a page hash  [4] what marks the first poll, if it
-- seeds and this may be it: only the poll that claimed first is, even if it crashed before it stored its cursor; else ''
-- ARGV[5] lifetime of seeded (s)  [6] lifetime of a page (s)
-- ARGV[7] failures in a row after which a page no longer counts as open  [8] token of this call: a repeat after a lost
-- reply finds its own leases and gets the same answer  [9] prefix of this reader's tokens  [10] prefix of the
-- tokens of its role: other holders with it have ended ('': unknown)  [11] key of the term  [12] the
-- caller's term  [13] how many may be leased ('': all); then for each sighting: its URL digest, the digests of its
-- headline, watched tags and version ("headline#tags.version", without what the listing does not give).
-- Returns for each sighting: 0 settled, 1 new, 2 new and silent, 3 changed, 4 open (leased, or waiting for another try),
-- 5 over the limit: to be read and not leased, 6 the same, and in the backlog already, 7 open, and pending: it will
-- be read even if its listing is not read again.
local now, lease, field, first, token = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[8]
local mine, role = ARGV[9], ARGV[10]
local refused = deposed(ARGV[11], ARGV[12])
if refused then
  return refused
end

-- A wrong type would stop the script half-way, with leases that the caller does not know, so types are checked first.
local kinds = { "hash", "string" }
for i, key in ipairs(KEYS) do
  local kind, wanted = redis.call("TYPE", key).ok, i == 1 and "set" or i == 2 and "zset" or i == 3 and "hash" or kinds[i % 2 + 1]
  if kind ~= "none" and kind ~= wanted then
    return redis.error_reply("WRONGTYPE " .. key .. " is a " .. kind .. ", not a " .. wanted)
  end
end

-- Whether a page that was never read is stored silently. A listing that was polled before may have named it first: it
-- came out since then, and stays an alert though another listing's first poll holds it too.
local function is_silent(page, digest)
  if redis.call("HEXISTS", page, "loud") == 1 then
    return false
  end
  if redis.call("SISMEMBER", KEYS[1], digest) == 1 then
    return true
  end
  redis.call("HSET", page, "loud", 1)
  redis.call("EXPIRE", page, ARGV[6])
  return false
end

-- A poll after a killed one is not the first poll: what was published meanwhile is new.
local seeding = false
if first ~= "" then
  if redis.call("EXISTS", KEYS[1]) == 0 then
    redis.call("SADD", KEYS[1], first)
    redis.call("EXPIRE", KEYS[1], ARGV[5])
  end
  seeding = redis.call("SISMEMBER", KEYS[1], first) == 1
end

local function begins(text, start)
  return string.sub(text, 1, #start) == start
end
local function is_held(holder)
  local is_orphaned = holder and role ~= "" and begins(holder, role) and not begins(holder, mine)
  return holder and holder ~= token and not is_orphaned
end

-- A listing that dates all its entries anew with each answer says nothing of their versions: when more than a few and a
-- quarter of the known ones changed, the new versions are stored and no page is read for them.
local MAX_FUTILE = 3 -- pages read for another version that had not changed, after which a page's version is ignored
local FEW = 5
local states = {}
local known_count, version_changes = 0, 0
for i = 1, (#KEYS - 3) / 2 do
  local state = redis.call("HMGET", KEYS[2 * i + 2], "release", field, "retry_at", "failures", "failed_at", "futile")
  local listed = ARGV[13 + 2 * i]
  states[i] = state
  if state[1] and state[2] then
    known_count = known_count + 1
    if is_other_version(state[2], listed) then
      version_changes = version_changes + 1
    end
  end
end
local versions_count = version_changes <= math.max(FEW, known_count / 4)

local CLOCKS_APART = 5000 -- ms by which the clocks of two processes may differ
local limit = ARGV[13] == "" and math.huge or tonumber(ARGV[13])
local leased = 0
local answers = {}
for i = 1, (#KEYS - 3) / 2 do
  local page, claim = KEYS[2 * i + 2], KEYS[2 * i + 3]
  local digest, listed = ARGV[12 + 2 * i], ARGV[13 + 2 * i]
  local known = states[i]
  if (tonumber(known[5] or "0") or 0) > now + CLOCKS_APART then -- the clock was set back: do not wait for as long as the jump
    known[3] = false
  end
  local holder = redis.call("GET", claim)
  local answer = 0
  if seeding and not known[1] then
    redis.call("SADD", KEYS[1], digest)
    redis.call("EXPIRE", KEYS[1], ARGV[5])
  end
  if is_held(holder) then
    answer = 4
  elseif known[3] and (tonumber(known[3]) or 0) > now then
    answer = (tonumber(known[4] or "0") or 0) < tonumber(ARGV[7]) and 4 or 0
  else
    if not known[1] then
      answer = is_silent(page, digest) and 2 or 1
    elseif known[2] and is_other_headline(known[2], listed) then
      answer = 3
    elseif not seeding and is_newly_tagged(known[2] or "", listed) then
      answer = 3 -- another listing named the page without the tag, or this one did
    elseif known[2] and versions_count and is_other_version(known[2], listed)
      and (tonumber(known[6] or "0") or 0) < MAX_FUTILE then
      answer = 3
    elseif listed ~= "" and known[2] ~= listed then
      redis.call("HSET", page, field, merge_listed(known[2] or "", listed))
      redis.call("EXPIRE", page, ARGV[6])
    end
    -- A page in the backlog is taken from there, by its rank. A repeat of this call finds its own leases; they count
    -- whatever the limit.
    local waits = answer > 0 and limit < math.huge and redis.call("ZSCORE", KEYS[2], digest)
    if waits or (answer > 0 and holder ~= token and leased >= limit) then
      answer = waits and 6 or 5
    elseif answer > 0 then
      redis.call("SET", claim, token, "PX", lease)
      redis.call("ZREM", KEYS[2], digest)
      leased = leased + 1
    end
  end
  -- With a watched tag it is open until this listing's own reading gives it the tag.
  if answer == 4 and not has_tags(listed) and redis.call("HEXISTS", KEYS[3], digest) == 1 then
    answer = 7
  end
  answers[i] = answer
end
return answers
