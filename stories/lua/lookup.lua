-- Gives what a decision needs: the release itself if it is known, the candidates, and the state of their stories.
-- KEYS: the index keys of the release's traits.
-- ARGV[1] its id  [2] newest of each index  [3] candidates at the most  [4] prefix of all keys.
-- Returns {fingerprint, own or false, {candidate, ...}}, each {id, doc, story, replaces, releases of the story,
-- first release, channels that heard of it, watches that were named}.
local own, each, most, prefix = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

local function describe(id)
  local found = redis.call("HMGET", prefix .. "release:" .. id, "doc", "story", "replaces")
  if not found[1] then
    return false
  end
  local base = prefix .. "story:" .. found[2]
  local first = redis.call("ZRANGE", base .. ":releases", 0, 0)[1] or id
  return {
    id, found[1], found[2], found[3] or "", redis.call("ZCARD", base .. ":releases"), first,
    redis.call("SMEMBERS", base .. ":channels"), redis.call("SMEMBERS", base .. ":watches"),
  }
end

local ids, fingerprint = candidates(KEYS, own, each, most, prefix)
local described = {}
for i, id in ipairs(ids) do
  described[i] = describe(id)
end
return { fingerprint, describe(own), described }
