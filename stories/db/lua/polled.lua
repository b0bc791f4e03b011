-- Stores the result of a listing's poll: its cursor, and the health of the listing and its source.
-- KEYS[1] source  [2] cursor, if there is one.
-- ARGV[1] key of the term  [2] the caller's term  [3] lifetime of a source (s)  [4] cursor as JSON  [5] its lifetime (s)
-- [6] ``polled_at`` of the previous cursor ('': replace any cursor); then fields and values of the
-- source.
-- Returns 1; 0, nothing written, if another poll of the listing was stored meanwhile.
local refused = deposed(ARGV[1], ARGV[2])
if refused then
  return refused
end
if KEYS[2] then
  local current = redis.call("GET", KEYS[2])
  if current and ARGV[6] ~= "" and (string.match(current, '"polled_at":"([^"]*)"') or "") > ARGV[6] then
    return 0
  end
  redis.call("SET", KEYS[2], ARGV[4], "EX", ARGV[5])
end
redis.call("HSET", KEYS[1], unpack(ARGV, 7))
redis.call("EXPIRE", KEYS[1], ARGV[3])
return 1
