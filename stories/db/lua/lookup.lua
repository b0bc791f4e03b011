-- Returns the input of a decision: the stored release if it is known, the candidates, and the state of their stories.
-- KEYS: the index keys of the release's blocking keys.
-- ARGV[1] its id as bytes  [2] entries taken of each index, newest first  [3] maximum of candidates  [4] prefix of all keys.
-- Returns {fingerprint, own or false, {candidate, ...}}, each {id, value, releases of the story, first release,
-- {mark, ...}}.
local own, each, most, prefix = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

local function describe(id)
  local value = redis.call("GET", prefix .. "release:" .. id)
  local story = value and string.match(value, "^%d+ (%S+) ")
  if not story then
    return false
  end
  local key = prefix .. "story:" .. story
  local marks, count = story_state(key)
  return { id, value, count, heads(key, marks)[1] or id, marks }
end

local ids, fingerprint = candidates(KEYS, own, each, most, prefix)
local described = {}
for i, id in ipairs(ids) do
  described[i] = describe(id)
end
return { fingerprint, describe(written(own)), described }
