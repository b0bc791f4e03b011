-- What memory knows that a new release may belong to. Shared by lookup.lua and keep.lua, so that keep sees whether
-- anything changed since a decision was looked up.
-- candidates(indexes, own, each, most, prefix): indexes are sorted sets of release ids by first seen (ms); own is the
-- release's own id; each is how many of the newest an index gives; most is how many are returned at all; prefix ends
-- every key's common part.
-- Returns the candidates' ids, those that share the most indexes first, the newest among equals: the newest of one
-- index alone would be a serial's other issues; then the heads of their stories. And a text that changes with any of
-- them.
local function fields(prefix, id)
  return redis.call("HMGET", prefix .. "release:" .. id, "revision", "story", "replaces")
end

local function story_state(prefix, story)
  local base = prefix .. "story:" .. story
  return redis.call("ZCARD", base .. ":releases") .. "/" .. redis.call("SCARD", base .. ":channels")
end

-- The releases that stand for a story among the many that it may hold: its first, and its newest notice.
local function heads(prefix, story)
  local base = prefix .. "story:" .. story
  return { redis.call("ZRANGE", base .. ":releases", 0, 0)[1] or false, redis.call("HGET", base, "notice") }
end

local function candidates(indexes, own, each, most, prefix)
  local shared, seen_at, all = {}, {}, {}
  for _, index in ipairs(indexes) do
    local found = redis.call("ZREVRANGE", index, 0, each - 1, "WITHSCORES")
    for i = 1, #found, 2 do
      local id = found[i]
      if id ~= own then
        if not shared[id] then
          all[#all + 1] = id
        end
        shared[id] = (shared[id] or 0) + 1
        seen_at[id] = tonumber(found[i + 1])
      end
    end
  end
  table.sort(all, function(a, b)
    if shared[a] ~= shared[b] then
      return shared[a] > shared[b]
    end
    if seen_at[a] ~= seen_at[b] then
      return seen_at[a] > seen_at[b]
    end
    return a < b
  end)
  local ids, parts, taken, stories = {}, {}, { [own] = true }, {}
  local function take(id)
    if not id or taken[id] then
      return
    end
    taken[id] = true
    local found = fields(prefix, id)
    if found[1] then
      ids[#ids + 1] = id
      stories[#stories + 1] = found[2]
      parts[#parts + 1] = id .. "." .. found[1] .. "." .. (found[3] or "") .. "." .. story_state(prefix, found[2])
    end
  end
  for _, id in ipairs(all) do
    take(id)
    if #ids == most then
      break
    end
  end
  for i = 1, #stories do
    if not taken[stories[i]] then
      taken[stories[i]] = true
      local head = heads(prefix, stories[i])
      take(head[1])
      take(head[2])
    end
  end
  local mine = fields(prefix, own)
  if mine[1] then
    parts[#parts + 1] = "own." .. mine[1] .. "." .. story_state(prefix, mine[2])
  end
  return ids, redis.sha1hex(table.concat(parts, " "))
end
