-- Finds the stored releases that may belong to the same story as a new one (candidates). Shared by lookup.lua and
-- keep.lua: keep compares fingerprints to see whether anything changed since the lookup. stories/store/releases.py
-- describes the formats. The id decoding is written here, and not in Python, because ids are stored as 16 bytes to save
-- memory, and the ranking must run inside the script (docs/decisions/0013).
local ENTRY = 16 -- bytes of a release in an index: its id as the number that it writes
local HEAD = 160 -- bytes that hold a release's own facts, which come before its text

-- The first fields of a release's value: revision, story, replaces or "-", tokens of the last two keeps.
local function fields(prefix, id)
  local head = redis.call("GETRANGE", prefix .. "release:" .. id, 0, HEAD - 1)
  local revision, story, replaces, tokens = string.match(head, "^(%d+) (%S+) (%S+) (%S+) ")
  return revision, story, replaces, tokens
end

-- A story is one sorted set: its releases by first seen, and at the score 0 marks: "c:" a channel that was alerted of
-- it, "w:" a watch that was named, "n:" its newest notice. Returns the marks and how many releases there are.
local function story_state(key)
  local marks = redis.call("ZRANGEBYSCORE", key, 0, 0)
  return marks, redis.call("ZCARD", key) - #marks
end

-- The releases that represent a story: its first, and its newest notice.
local function heads(key, marks)
  local found = { redis.call("ZRANGE", key, #marks, #marks)[1] }
  for _, mark in ipairs(marks) do
    if string.sub(mark, 1, 2) == "n:" then
      found[#found + 1] = string.sub(mark, 3)
    end
  end
  return found
end

-- An id of 16 bytes as it is written: 26 digits of 5 bits (stories/model/ids.py).
local DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
local known_digits = {}
local function written(raw)
  if known_digits[raw] then
    return known_digits[raw]
  end
  local text, rest, bits = {}, 0, 2
  for i = 1, ENTRY do
    rest, bits = rest * 256 + string.byte(raw, i), bits + 8
    while bits >= 5 do
      bits = bits - 5
      local digit = math.floor(rest / 2 ^ bits)
      rest = rest - digit * 2 ^ bits
      text[#text + 1] = string.sub(DIGITS, digit + 1, digit + 1)
    end
  end
  known_digits[raw] = "rel_" .. table.concat(text)
  return known_digits[raw]
end

-- Returns the entries of all indexes, those that share the most indexes first, and among equals those that lie nearest
-- to an index's end: the newest of one index alone would be a serial's other issues. each: of the newest of an index.
-- Also returns the whole value of each index, for keep.lua to write back.
local function ranked(indexes, own, each)
  local shared, near, all, held = {}, {}, {}, {}
  for i, index in ipairs(indexes) do
    local entries = redis.call("GET", index) or ""
    held[i] = entries
    local newest = #entries - ENTRY + 1
    for at = newest, math.max(1, newest - (each - 1) * ENTRY), -ENTRY do
      local raw, rank = string.sub(entries, at, at + ENTRY - 1), (newest - at) / ENTRY + 1
      if raw ~= own then
        if shared[raw] then
          shared[raw], near[raw] = shared[raw] + 1, math.min(near[raw], rank)
        else
          all[#all + 1], shared[raw], near[raw] = raw, 1, rank
        end
      end
    end
  end
  -- A serial's indexes name hundreds: sorted into places by both numbers, they need not be compared with each other.
  local places, ordered = {}, {}
  for _, raw in ipairs(all) do
    local row = places[shared[raw]] or {}
    places[shared[raw]] = row
    row[near[raw]] = row[near[raw]] or {}
    table.insert(row[near[raw]], raw)
  end
  for count = #indexes, 1, -1 do
    for rank = 1, places[count] and each or 0 do
      local equals = places[count][rank] or {}
      table.sort(equals)
      for _, raw in ipairs(equals) do
        ordered[#ordered + 1] = raw
      end
    end
  end
  return ordered, held
end

-- candidates(indexes, own, each, most, prefix): indexes are keys; own is the release's id as bytes; each is how many of
-- the newest an index gives; most is how many are returned at all; prefix begins every key.
-- Returns the candidates' ids, then those of the heads of their stories; a text that changes with any of them; and the
-- value of each index.
local function candidates(indexes, own, each, most, prefix)
  local own_id = written(own)
  local ids, parts, taken, stories = {}, {}, { [own_id] = true }, {}
  local function take(id)
    if not id or taken[id] then
      return
    end
    taken[id] = true
    local revision, story, replaces = fields(prefix, id)
    if revision then
      local key = prefix .. "story:" .. story
      ids[#ids + 1] = id
      stories[#stories + 1] = key
      parts[#parts + 1] = id .. "." .. revision .. "." .. replaces .. "." .. redis.call("ZCARD", key)
    end
  end
  local ordered, held = ranked(indexes, own, each)
  for _, raw in ipairs(ordered) do
    take(written(raw))
    if #ids == most then
      break
    end
  end
  for i = 1, #stories do
    local key = stories[i]
    if not taken[key] then
      taken[key] = true
      for _, head in ipairs(heads(key, (story_state(key)))) do
        take(head)
      end
    end
  end
  local revision, story = fields(prefix, own_id)
  if revision then
    parts[#parts + 1] = "own." .. revision .. "." .. redis.call("ZCARD", prefix .. "story:" .. story)
  end
  return ids, redis.sha1hex(table.concat(parts, " ")), held
end
