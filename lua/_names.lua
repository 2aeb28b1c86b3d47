-- The parts that name IDs, in the order of NAMING in src/audit-verbs.ts: how to count, to ask and to walk each.
local HOW = {
  set = { 'SCARD', 'SMISMEMBER', 'SSCAN', 1 },
  zset = { 'ZCARD', 'ZMSCORE', 'ZSCAN', 2 },
  hash = { 'HLEN', 'HMGET', 'HSCAN', 2 },
}
local NAMING = { 'committed', 'processing', 'lease', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts' }
local TYPES = { 'set', 'zset', 'hash', 'zset', 'zset', 'zset', 'hash', 'hash', 'hash', 'set', 'hash', 'set' }

local function sizesOf(keys)
  local sizes = {}
  for i, key in ipairs(keys) do sizes[i] = redis.call(HOW[TYPES[i]][1], key) end
  return sizes
end

-- For each part, what it holds of each ID, or false. Parts that hold nothing are not asked.
local function lookUp(keys, sizes, ids)
  local held = {}
  for part, key in ipairs(keys) do
    held[part] = {}
    for first = 1, sizes[part] > 0 and #ids or 0, 1000 do
      local values = redis.call(HOW[TYPES[part]][2], key, unpack(ids, first, math.min(first + 999, #ids)))
      for i, value in ipairs(values) do held[part][first + i - 1] = value ~= 0 and value end
    end
  end
  return held
end
