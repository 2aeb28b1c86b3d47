-- audit: a bounded look at what the verbs stand on: a window of the line and a page of one part, all at one moment.
-- KEYS  queued wake totals marks steps meta guard
-- KEYS  committed processing lease delayed failed failedAt failures errors tries withdrawn owed ghosts prioritized
-- KEYS  remembered payload priority since progress results kept events control rate extras
-- ARGV  part cursor from returned limit total…
-- GIVES now, sizes, length, tokens, marks, layout, sound guard, totals, then IDs and parts of head, line and page; held, extras, journal: see src/redis/auditing.ts
-- FLAGS no-writes
local queued, wake, totals, marks, steps, meta, guard = unpack(KEYS)
local committed, processing, lease, delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts, prioritized = unpack(KEYS, 8)
local remembered, payload, priority, since, progress, results, kept, events, control, rate, extras = unpack(KEYS, 21)
--- @include _names
--- @include _odd

local part, cursor, from, returned, limit = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local keys = { committed, processing, lease, delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts, prioritized,
  remembered, payload, priority, since, progress }
local sizes = sizesOf(keys)
local counted = redis.call('HMGET', totals, 'taken', 'returned')
local taken, back = tonumber(counted[1]) or 0, (tonumber(counted[2]) or 0) - returned
local length = redis.call('LLEN', queued)

-- Each ID's parts, as bits.
local function parts(ids)
  local held, bits = lookUp(keys, sizes, ids), {}
  for i = 1, #ids do
    local sum = 0
    for bit = 1, #keys do
      if held[bit][i] then sum = sum + 2 ^ (bit - 1) end
    end
    bits[i] = sum
  end
  return bits
end

local head = returned >= 0 and back > 0 and redis.call('LRANGE', queued, 0, math.min(back, 1000) - 1) or {}
local first = math.max(0, from - taken - 1)
local line = redis.call('LRANGE', queued, first, first + limit - 1)

local page, tokens, after = {}, {}, ''
-- A scan brings what it walks over: of what may be large, less at a time.
local few = math.ceil(limit / 8)
for i, name in ipairs(NAMING) do
  if name == part then
    local key, at, found = keys[i], cursor == '' and '0' or cursor, nil
    if TYPES[i] == 'set' then
      found = redis.call('SSCAN', key, at, 'COUNT', limit)
    elseif TYPES[i] == 'zset' then
      found = redis.call('ZSCAN', key, at, 'COUNT', limit)
    else
      found = redis.call('HSCAN', key, at, 'COUNT', TYPES[i] == 'body' and few or limit)
    end
    after = found[1] == '0' and '' or found[1]
    for k = 1, #found[2], TYPES[i] == 'set' and 1 or 2 do
      page[#page + 1] = found[2][k]
      if part == 'lease' then tokens[#tokens + 1] = found[2][k + 1] end
      if part == 'prioritized' then
        local weight = redis.call('HGET', priority, found[2][k])
        tokens[#tokens + 1] = weight and tonumber(weight) ~= rankOf(found[2][k + 1]) and 'odd' or ''
      end
    end
  end
end
if part == 'steps' then
  local found = redis.call('HSCAN', steps, cursor == '' and '0' or cursor, 'COUNT', limit)
  after = found[1] == '0' and '' or found[1]
  for k = 1, #found[2], 2 do
    if oddStep(found[2][k + 1]) then page[#page + 1] = found[2][k] end
  end
elseif part == 'results' or part == 'kept' then
  local at = cursor == '' and '0' or cursor
  local found = part == 'results' and redis.call('HSCAN', results, at, 'COUNT', few) or redis.call('ZSCAN', kept, at, 'COUNT', limit)
  after = found[1] == '0' and '' or found[1]
  for k = 1, #found[2], 2 do
    local field = found[2][k]
    local whole = redis.call('HEXISTS', results, field) == 1 and redis.call('ZSCORE', kept, field)
    if not whole then page[#page + 1] = field end
  end
elseif part == 'marks' then
  local at = tonumber(cursor) or 0
  local window = redis.call('LRANGE', marks, at, at + limit)
  page = oddMarks(window, taken + length)
  if #window > limit then after = string.format('%.0f', at + limit) end
end
-- Who waits while the line stands still is not to be woken.
local ms, told = math.floor(now() / 1000), redis.call('HMGET', control, 'paused', 'hold', 'journal')
local held = told[1] or tonumber(told[2] or 0) > ms or redis.call('EXISTS', rate) == 1
local lazy = redis.call('EXISTS', delayed, failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, prioritized,
  since, progress, remembered, kept, control) > 0
local seat = redis.call('HMGET', guard, 'until', 'at', 'grace')

return {
  ms, sizes, length, redis.call('LLEN', wake), redis.call('LLEN', marks),
  redis.call('HGET', meta, 'layout') or '', oddSeat(seat) and 0 or 1, redis.call('HMGET', totals, unpack(ARGV, 6)),
  head, parts(head), string.format('%.0f', taken + 1 + first), line, parts(line), page, parts(page), tokens, after,
  held and 1 or 0, lazy and redis.call('EXISTS', extras) == 0 and 0 or 1, not told[3] and redis.call('EXISTS', events) == 1 and 0 or 1,
}
