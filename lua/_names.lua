-- The parts that name IDs, in the order of NAMING in src/audit-verbs.ts.
local NAMING = { 'committed', 'processing', 'lease', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts', 'prioritized',
  'remembered', 'payload', 'priority', 'since', 'progress' }
-- Bodies are hashes whose values may be large: they are asked for without being read.
local TYPES = { 'set', 'zset', 'hash', 'zset', 'zset', 'zset', 'hash', 'hash', 'hash', 'set', 'body', 'set', 'zset', 'zset', 'body', 'hash', 'hash', 'body' }

local function sizesOf(keys)
  local sizes = {}
  for i, key in ipairs(keys) do
    if TYPES[i] == 'set' then
      sizes[i] = redis.call('SCARD', key)
    elseif TYPES[i] == 'zset' then
      sizes[i] = redis.call('ZCARD', key)
    else
      sizes[i] = redis.call('HLEN', key)
    end
  end
  return sizes
end

local function valuesOf(kind, key, ids)
  if kind == 'set' then return redis.call('SMISMEMBER', key, unpack(ids)) end
  if kind == 'zset' then return redis.call('ZMSCORE', key, unpack(ids)) end
  if kind == 'hash' then return redis.call('HMGET', key, unpack(ids)) end
  local held = {}
  for i, id in ipairs(ids) do held[i] = redis.call('HEXISTS', key, id) end
  return held
end

-- The priority that a place among the prioritized stands for; 0 where no verb has given it.
local function rankOf(score)
  local rank = math.floor(0.5 - score / 1099511627776)
  return math.abs(rank) <= 1000 and rank or 0
end

-- For each part, what it holds of each ID, or false. Parts that hold nothing are not asked.
local function lookUp(keys, sizes, ids)
  local held = {}
  for part, key in ipairs(keys) do
    held[part] = {}
    for first = 1, sizes[part] > 0 and #ids or 0, 1000 do
      local some = { unpack(ids, first, math.min(first + 999, #ids)) }
      for i, value in ipairs(valuesOf(TYPES[part], key, some)) do held[part][first + i - 1] = value ~= 0 and value end
    end
  end
  return held
end
