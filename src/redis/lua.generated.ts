// Written by lua/inline.mjs from lua/*.lua. Do not edit: change the script and run `npm run build`.

export type ScriptName = 'audit' | 'check' | 'clear' | 'counts' | 'inspect' | 'list' | 'mend' | 'messages' | 'move' | 'open' | 'publish' | 'recall' | 'report' | 'steer' | 'step' | 'sweep' | 'wake' | 'withdraw'

export interface LuaScript {
  /** Names of the key table, in the order of KEYS. */
  readonly keys: readonly string[]
  /** How many of them are on its first KEYS line: all that a plain lane needs, where a script knows one. */
  readonly plain: number
  /** For the `#!lua flags=` line, joined by commas; may be empty. */
  readonly flags: string
  /** `COMMAND part …`: what it runs on which keys. */
  readonly rights: readonly string[]
  /** Without `#!lua` and without the clock: the loader writes both. */
  readonly text: string
}

export const LUA: Readonly<Record<ScriptName, LuaScript>> = {
  'audit': {
    keys: ['queued', 'wake', 'totals', 'marks', 'steps', 'meta', 'guard', 'committed', 'processing', 'lease', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts', 'prioritized', 'remembered', 'payload', 'priority', 'since', 'progress', 'results', 'kept', 'events', 'control', 'rate', 'extras'],
    plain: 7,
    flags: 'no-writes',
    rights: ['EXISTS control delayed errors events extras failed failures ghosts kept owed payload prioritized priority progress rate remembered since tries withdrawn', 'HEXISTS committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued rate remembered results since steps totals tries wake withdrawn', 'HGET meta priority', 'HLEN committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued rate remembered results since steps totals tries wake withdrawn', 'HMGET committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued rate remembered results since steps totals tries wake withdrawn', 'HSCAN committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued rate remembered results since steps totals tries wake withdrawn', 'LLEN marks queued wake', 'LRANGE marks queued', 'SCARD committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued rate remembered results since steps totals tries wake withdrawn', 'SMISMEMBER committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued rate remembered results since steps totals tries wake withdrawn', 'SSCAN committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued rate remembered results since steps totals tries wake withdrawn', 'TIME', 'ZCARD committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued rate remembered results since steps totals tries wake withdrawn', 'ZMSCORE committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued rate remembered results since steps totals tries wake withdrawn', 'ZSCAN committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued rate remembered results since steps totals tries wake withdrawn', 'ZSCORE kept'],
    text: `local queued, wake, totals, marks, steps, meta, guard = unpack(KEYS)
local committed, processing, lease, delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts, prioritized = unpack(KEYS, 8)
local remembered, payload, priority, since, progress, results, kept, events, control, rate, extras = unpack(KEYS, 21)
local NAMING = { 'committed', 'processing', 'lease', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts', 'prioritized',
  'remembered', 'payload', 'priority', 'since', 'progress' }
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
local function rankOf(score)
  local rank = math.floor(0.5 - score / 1099511627776)
  return math.abs(rank) <= 1000 and rank or 0
end
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
local function oddStep(record)
  return not string.find(record, '^%d+|%d+|[^|]*|%d*|')
end
local function oddSeat(times)
  for i = 1, 3 do
    if times[i] and not tonumber(times[i]) then return true end
  end
  return false
end
local function oddMarks(window, tail)
  local odd, last = {}, -math.huge
  for _, text in ipairs(window) do
    local place = tonumber(string.match(text, '^(-?%d+):%d+$'))
    if not place or place <= last or place > tail then odd[#odd + 1] = text end
    last = place or last
  end
  return odd
end
local part, cursor, from, returned, limit = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local keys = { committed, processing, lease, delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts, prioritized,
  remembered, payload, priority, since, progress }
local sizes = sizesOf(keys)
local counted = redis.call('HMGET', totals, 'taken', 'returned')
local taken, back = tonumber(counted[1]) or 0, (tonumber(counted[2]) or 0) - returned
local length = redis.call('LLEN', queued)
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
}`,
  },
  'check': {
    keys: ['meta', 'queued', 'committed', 'processing', 'lease', 'wake', 'totals', 'marks', 'steps', 'guard', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts', 'alarm', 'extras', 'payload', 'priority', 'prioritized', 'since', 'remembered', 'progress', 'control', 'rate', 'results', 'kept', 'schedules', 'events', 'listening'],
    plain: 1,
    flags: 'no-writes',
    rights: ['HMGET meta', 'TYPE alarm committed control delayed errors events extras failed failedAt failures ghosts guard kept lease listening marks meta owed payload prioritized priority processing progress queued rate remembered results schedules since steps totals tries wake withdrawn'],
    text: `local meta = unpack(KEYS)
local keys = {}
local none, one = {}, { '0' }
local others = { EXISTS = none, UNLINK = none, DEL = none, SSUBSCRIBE = none, HLEN = none, LLEN = none, SCARD = none, ZCARD = none, TYPE = none,
  GET = none, HGETALL = none, XLEN = none, HEXISTS = one, HGET = one, ZSCORE = one, LINDEX = one, BLPOP = one, SPUBLISH = one, SET = one,
  XADD = { '*', '0', '0' }, XRANGE = { '-', '+' }, XTRIM = { 'MAXLEN', '1' } }
for _, key in ipairs(KEYS) do keys[string.match(key, '%a+$')] = key end
for i = #KEYS + 3, #ARGV do
  local command, parts = string.match(ARGV[i], '^(%u+)(.*)$')
  for part in string.gmatch(parts == '' and '0' or parts, '%w+') do
    local key = keys[part]
    local on = key and ' on ' .. key or ''
    if not redis.acl_check_cmd(command, unpack(key and { key, unpack(others[command] or { '0', '0' }) } or none)) then
      return redis.error_reply('NOPERM this user may not run ' .. command .. on .. ', and has to as ' .. ARGV[2] .. ': see SECURITY.md')
    end
  end
end
for i, key in ipairs(KEYS) do
  local is = redis.call('TYPE', key).ok
  if is ~= 'none' and is ~= ARGV[i + 2] then
    return redis.error_reply('WRONGKEY ' .. key .. ' holds a ' .. is .. ', not a ' .. ARGV[i + 2])
  end
end
local was = redis.call('HMGET', meta, 'layout', 'digest')
if was[1] and was[1] ~= ARGV[1] then
  return redis.error_reply('WRONGLAYOUT this queue has layout ' .. was[1] .. ', this version of convoy-queue writes ' .. ARGV[1])
end
return was[2] or ''`,
  },
  'clear': {
    keys: ['queued', 'committed', 'processing', 'totals', 'wake', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'owed', 'ghosts', 'payload', 'priority', 'prioritized', 'since', 'remembered', 'control', 'results', 'kept', 'events', 'listening', 'withdrawn', 'progress', 'extras'],
    plain: 5,
    flags: 'allow-oom',
    rights: ['DEL extras', 'EXISTS control delayed errors extras failed failures ghosts kept owed payload prioritized priority progress remembered since tries withdrawn', 'GET listening', 'HDEL control payload priority since', 'HINCRBY totals', 'HLEN owed', 'HMGET control payload priority since totals', 'HSET payload priority since totals', 'LLEN queued', 'SADD committed', 'SCARD committed', 'SET extras', 'SPUBLISH events', 'TIME', 'TYPE events', 'UNLINK committed delayed errors failed failedAt failures ghosts kept owed payload prioritized priority queued remembered results since tries wake', 'XADD events', 'ZCARD failed', 'ZRANGE processing'],
    text: `local queued, committed, processing, totals, wake = unpack(KEYS)
local delayed, failed, failedAt, failures, errors, tries, owed, ghosts = unpack(KEYS, 6)
local payload, priority, prioritized, since, remembered, control, results, kept, events, listening, withdrawn, progress, extras = unpack(KEYS, 14)
local function readControl(control, listening, ms, events)
  local held = redis.call('HMGET', control, 'paused', 'hold', 'journal', 'holder')
  local paused, hold, journal = held[1] == '1', tonumber(held[2] or 0), tonumber(held[3] or 0)
  local is = events and journal > 0 and redis.call('TYPE', events).ok
  if is and is ~= 'none' and is ~= 'stream' then error({ err = 'WRONGTYPE ' .. events .. ' holds a ' .. is .. ', not a stream' }) end
  return { paused = paused, hold = hold, holder = held[4], journal = journal, heard = redis.call('GET', listening), blocked = paused or hold > ms, told = {} }
end
local function tell(whole, kind, ids)
  if #ids == 0 or not (whole.heard or whole.journal > 0) then return end
  whole.told[#whole.told + 1] = cjson.encode(kind) .. ',' .. cjson.encode(ids)
end
local function send(whole, totals, events, ms)
  if #whole.told == 0 then return end
  local position = redis.call('HINCRBY', totals, 'position', 1)
  local text = string.format('[%.0f,%.0f,', position, ms) .. table.concat(whole.told, ',') .. ']'
  if whole.journal > 0 then redis.call('XADD', events, 'MAXLEN', whole.journal, string.format('%.0f-0', position), 'm', text) end
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, text) end
end
local function sendNothing(whole, totals, events, ms)
  local position = redis.call('HINCRBY', totals, 'position', 1)
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, string.format('[%.0f,%.0f]', position, ms)) end
end
local function noteExtras()
  local some = redis.call('EXISTS', delayed, failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, prioritized,
    since, progress, remembered, kept, control) > 0
  if some == (redis.call('EXISTS', extras) == 1) then return end
  if some then redis.call('SET', extras, '1') else redis.call('DEL', extras) end
end
local function split(list)
  local set, drop = {}, {}
  for i = 1, #list, 2 do
    if list[i + 1] then set[#set + 1], set[#set + 2] = list[i], list[i + 1] else drop[#drop + 1] = list[i] end
  end
  return set, drop
end
local function setTraits(payloads, priorities, births)
  local set, drop = split(payloads)
  if #set > 0 then redis.call('HSET', payload, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', payload, unpack(drop)) end
  set, drop = split(priorities)
  if #set > 0 then redis.call('HSET', priority, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', priority, unpack(drop)) end
  set, drop = split(births)
  if #set > 0 then redis.call('HSET', since, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', since, unpack(drop)) end
end
local ms = math.floor(now() / 1000)
local whole = readControl(control, listening, ms, events)
local running = redis.call('ZRANGE', processing, 0, -1)
local waiting = redis.call('SCARD', committed) - #running
local count = waiting + redis.call('ZCARD', failed) + redis.call('HLEN', owed)
local before = redis.call('HMGET', totals, 'left', 'withdrawn', 'taken')
local payloads, priorities, births = {}, {}, {}
for i = 1, #running, 1000 do
  local some = { unpack(running, i, math.min(i + 999, #running)) }
  local bodies, weights, born = redis.call('HMGET', payload, unpack(some)), redis.call('HMGET', priority, unpack(some)), redis.call('HMGET', since, unpack(some))
  for k, id in ipairs(some) do
    if bodies[k] then payloads[#payloads + 1], payloads[#payloads + 2] = id, bodies[k] end
    if weights[k] then priorities[#priorities + 1], priorities[#priorities + 2] = id, weights[k] end
    if born[k] then births[#births + 1], births[#births + 2] = id, born[k] end
  end
end
redis.call('HSET', totals, 'left', (before[1] or 0) + waiting, 'withdrawn', (before[2] or 0) + count,
  'taken', (before[3] or 0) + redis.call('LLEN', queued))
redis.call('UNLINK', queued, committed, wake, delayed, failed, failedAt, failures, errors, tries, owed, ghosts)
redis.call('UNLINK', payload, priority, prioritized, since, remembered, results, kept)
redis.call('HDEL', control, 'hold', 'holder')
for i = 1, #running, 1000 do redis.call('SADD', committed, unpack(running, i, math.min(i + 999, #running))) end
for i = 1, math.max(#payloads, #priorities, #births), 2000 do
  local function some(list) return { unpack(list, i, math.min(i + 1999, #list)) } end
  setTraits(some(payloads), some(priorities), some(births))
end
noteExtras()
if whole.heard or whole.journal > 0 then whole.told[1] = '"cleared",[]' end
send(whole, totals, events, ms)
return count`,
  },
  'counts': {
    keys: ['committed', 'processing', 'lease', 'delayed', 'failed', 'totals', 'marks', 'remembered', 'control', 'prioritized'],
    plain: 10,
    flags: 'no-writes',
    rights: ['HEXISTS control', 'HGET totals', 'HMGET lease totals', 'LINDEX marks', 'LLEN marks', 'SCARD committed', 'TIME', 'ZCARD delayed failed prioritized processing remembered', 'ZRANGE processing'],
    text: `local committed, processing, lease, delayed, failed, totals, marks, remembered, control, prioritized = unpack(KEYS)
local all, running, waiting, lost = redis.call('SCARD', committed), redis.call('ZCARD', processing), redis.call('ZCARD', delayed), redis.call('ZCARD', failed)
local since, late = -1, -1
local first = redis.call('ZRANGE', processing, 0, 999)
if #first > 0 then
  for _, token in ipairs(redis.call('HMGET', lease, unpack(first))) do
    local at = token and tonumber(string.match(token, '^%d+:(%d+):'))
    if at and (since == -1 or at < since) then since = at end
  end
end
if all - running - waiting - redis.call('ZCARD', prioritized) > 0 then
  local place = tonumber(redis.call('HGET', totals, 'taken') or 0) + 1
  local low, high = 0, redis.call('LLEN', marks) - 1
  while low < high do
    local middle = math.ceil((low + high) / 2)
    local at = tonumber(string.match(redis.call('LINDEX', marks, middle), '^(-?%d+)'))
    if at <= place then low = middle else high = middle - 1 end
  end
  late = tonumber(string.match(redis.call('LINDEX', marks, low) or '', ':(%d+)$') or -1)
end
return { math.floor(now() / 1000), all, running, waiting, lost, since, running > 1000 and 1 or 0, late, redis.call('HMGET', totals, unpack(ARGV)),
  redis.call('ZCARD', remembered), redis.call('HEXISTS', control, 'paused') }`,
  },
  'inspect': {
    keys: ['committed', 'processing', 'lease', 'delayed', 'failed', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'remembered', 'priority', 'payload', 'progress'],
    plain: 14,
    flags: 'no-writes',
    rights: ['HMGET errors failures lease owed payload priority progress tries', 'SMISMEMBER committed withdrawn', 'TIME', 'ZMSCORE delayed failed processing remembered'],
    text: `local committed, processing, lease, delayed, failed, failures, errors, tries, withdrawn, owed = unpack(KEYS)
local remembered, priority, payload, progress = unpack(KEYS, 11)
return {
  redis.call('SMISMEMBER', committed, unpack(ARGV)),
  redis.call('ZMSCORE', processing, unpack(ARGV)),
  redis.call('HMGET', lease, unpack(ARGV)),
  redis.call('ZMSCORE', delayed, unpack(ARGV)),
  redis.call('ZMSCORE', failed, unpack(ARGV)),
  redis.call('HMGET', failures, unpack(ARGV)),
  redis.call('HMGET', errors, unpack(ARGV)),
  redis.call('HMGET', tries, unpack(ARGV)),
  redis.call('SMISMEMBER', withdrawn, unpack(ARGV)),
  redis.call('HMGET', owed, unpack(ARGV)),
  redis.call('ZMSCORE', remembered, unpack(ARGV)),
  redis.call('HMGET', priority, unpack(ARGV)),
  redis.call('HMGET', payload, unpack(ARGV)),
  redis.call('HMGET', progress, unpack(ARGV)),
  math.floor(now() / 1000),
}`,
  },
  'list': {
    keys: ['queued', 'committed', 'processing', 'delayed', 'failedAt', 'prioritized'],
    plain: 6,
    flags: 'no-writes',
    rights: ['LLEN queued', 'LRANGE queued', 'SMISMEMBER committed', 'ZCARD committed delayed failedAt prioritized processing queued', 'ZCOUNT prioritized', 'ZMSCORE delayed prioritized processing', 'ZRANGE committed delayed failedAt prioritized processing queued'],
    text: `local queued, committed, processing, delayed, failedAt, prioritized = unpack(KEYS)
local state, first, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local last = first + limit - 1
local size, reply = 0, { -1 }
local function page(part, offset)
  local from, to = first - offset, last - offset
  if to < 0 then return {} end
  return part(math.max(0, from), to)
end
if state == 'queued' then
  local above, length = redis.call('ZCOUNT', prioritized, '-inf', '(0'), redis.call('LLEN', queued)
  local all = redis.call('ZCARD', prioritized)
  local function ranked(from, to) return redis.call('ZRANGE', prioritized, from, to) end
  size = all + length
  for _, id in ipairs(above > 0 and page(function(from, to) return ranked(from, math.min(to, above - 1)) end, 0) or {}) do reply[#reply + 1] = id end
  local window = page(function(from, to) return redis.call('LRANGE', queued, from, to) end, above)
  if #window > 0 then
    local entered = redis.call('SMISMEMBER', committed, unpack(window))
    local leased = redis.call('ZMSCORE', processing, unpack(window))
    local due = redis.call('ZMSCORE', delayed, unpack(window))
    local ranks = redis.call('ZMSCORE', prioritized, unpack(window))
    for i, id in ipairs(window) do
      if entered[i] == 1 and not leased[i] and not due[i] and not ranks[i] then reply[#reply + 1] = id end
    end
  end
  for _, id in ipairs(page(function(from, to) return ranked(above + from, above + to) end, above + length)) do reply[#reply + 1] = id end
else
  local key = state == 'processing' and processing or state == 'delayed' and delayed or failedAt
  size, reply = redis.call('ZCARD', key), redis.call('ZRANGE', key, first, last)
  table.insert(reply, 1, -1)
end
if last + 1 < size then reply[1] = last + 1 end
return reply`,
  },
  'mend': {
    keys: ['queued', 'wake', 'totals', 'marks', 'steps', 'meta', 'guard', 'committed', 'processing', 'lease', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts', 'prioritized', 'remembered', 'payload', 'priority', 'since', 'progress', 'results', 'kept', 'events', 'control', 'extras'],
    plain: 7,
    flags: '',
    rights: ['DEL extras', 'EXISTS control delayed errors events extras failed failures ghosts kept marks owed payload prioritized priority progress remembered since tries withdrawn', 'HDEL errors failures owed payload priority progress results since steps totals tries', 'HEXISTS committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued remembered results since steps totals tries wake withdrawn', 'HGET meta steps totals', 'HGETALL totals', 'HLEN committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued remembered results since steps totals tries wake withdrawn', 'HMGET committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued remembered results since steps totals tries wake withdrawn', 'HSET control errors failures lease meta priority totals', 'LINDEX marks queued', 'LLEN marks queued wake', 'LPOP marks', 'LPUSH queued', 'LSET queued', 'RPUSH marks queued wake', 'SADD committed ghosts', 'SCARD committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued remembered results since steps totals tries wake withdrawn', 'SET extras', 'SMISMEMBER committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued remembered results since steps totals tries wake withdrawn', 'SREM ghosts withdrawn', 'TIME', 'UNLINK guard marks', 'XLEN events', 'XREVRANGE events', 'ZADD failed failedAt prioritized processing', 'ZCARD committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued remembered results since steps totals tries wake withdrawn', 'ZMSCORE committed control delayed errors events extras failed failedAt failures ghosts guard kept lease marks meta owed payload prioritized priority processing progress queued remembered results since steps totals tries wake withdrawn', 'ZRANGEBYSCORE delayed', 'ZREM delayed failed failedAt kept prioritized remembered', 'ZSCORE kept'],
    text: `local queued, wake, totals, marks, steps, meta, guard = unpack(KEYS)
local committed, processing, lease, delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts, prioritized = unpack(KEYS, 8)
local remembered, payload, priority, since, progress, results, kept, events, control, extras = unpack(KEYS, 21)
local NAMING = { 'committed', 'processing', 'lease', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts', 'prioritized',
  'remembered', 'payload', 'priority', 'since', 'progress' }
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
local function rankOf(score)
  local rank = math.floor(0.5 - score / 1099511627776)
  return math.abs(rank) <= 1000 and rank or 0
end
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
local function oddStep(record)
  return not string.find(record, '^%d+|%d+|[^|]*|%d*|')
end
local function oddSeat(times)
  for i = 1, 3 do
    if times[i] and not tonumber(times[i]) then return true end
  end
  return false
end
local function oddMarks(window, tail)
  local odd, last = {}, -math.huge
  for _, text in ipairs(window) do
    local place = tonumber(string.match(text, '^(-?%d+):%d+$'))
    if not place or place <= last or place > tail then odd[#odd + 1] = text end
    last = place or last
  end
  return odd
end
local function arm(wake, tokens, length)
  if tokens == 0 and length > 0 then redis.call('RPUSH', wake, '1') end
end
local function dueMark(count, ms) return ms < count.marked or ms >= count.marked + 1000 end
local function mark(marks, place, count, ms)
  if not dueMark(count, ms) then return end
  count.marked = ms
  redis.call('RPUSH', marks, string.format('%.0f:%.0f', place, ms))
  for _ = 1, 100 do
    local second = redis.call('LINDEX', marks, 1)
    if not second or tonumber(string.match(second, '^(-?%d+)')) > count.taken + 1 then return end
    redis.call('LPOP', marks)
  end
end
local function toPrioritized(ids, side)
  if #ids == 0 or redis.call('EXISTS', priority) == 0 then return ids end
  local of, scores, others = redis.call('HMGET', priority, unpack(ids)), {}, {}
  local n = tonumber(redis.call('HGET', totals, 'sequence') or 0)
  for i, id in ipairs(ids) do
    if of[i] then
      n = n + 1
      scores[#scores + 1], scores[#scores + 2] = string.format('%.0f', side * n - of[i] * 1099511627776), id
    else
      others[#others + 1] = id
    end
  end
  if #scores > 0 then
    redis.call('ZADD', prioritized, unpack(scores))
    redis.call('HSET', totals, 'sequence', string.format('%.0f', n))
  end
  return others
end
local function toTail(queued, ghosts, marks, ids, count, ms)
  local length, taken = redis.call('LLEN', queued), {}
  local entries = toPrioritized(ids, 1)
  if #entries == 0 then return length end
  if redis.call('EXISTS', ghosts) == 1 then
    local stale, rest = redis.call('SMISMEMBER', ghosts, unpack(entries)), {}
    for i, id in ipairs(entries) do
      if stale[i] == 1 then taken[#taken + 1] = id else rest[#rest + 1] = id end
    end
    entries = rest
    if #taken > 0 then redis.call('SREM', ghosts, unpack(taken)) end
  end
  if #entries == 0 then return length end
  mark(marks, count.taken + length + 1, count, ms)
  return redis.call('RPUSH', queued, unpack(entries))
end
local function toHead(queued, totals, ids, count)
  local reversed = {}
  for i = #ids, 1, -1 do reversed[#reversed + 1] = ids[i] end
  reversed = toPrioritized(reversed, -1)
  if #reversed == 0 then return end
  redis.call('LPUSH', queued, unpack(reversed))
  count.taken = count.taken - #reversed
  redis.call('HSET', totals, 'returned', (tonumber(redis.call('HGET', totals, 'returned')) or 0) + #reversed)
end
local function promote(delayed, queued, ghosts, marks, count, ms)
  local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', ms, 'LIMIT', 0, 1000)
  if #due > 0 then
    redis.call('ZREM', delayed, unpack(due))
    toTail(queued, ghosts, marks, due, count, ms)
  end
end
local function noteExtras()
  local some = redis.call('EXISTS', delayed, failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, prioritized,
    since, progress, remembered, kept, control) > 0
  if some == (redis.call('EXISTS', extras) == 1) then return end
  if some then redis.call('SET', extras, '1') else redis.call('DEL', extras) end
end
local function sound(size, ...)
  local count
  for _, key in ipairs({ ... }) do count = redis.call(size, key) end
  return count
end
if not redis.acl_check_cmd('LSET', queued, '0', '0') then
  return redis.error_reply('NOPERM this user may not run LSET on ' .. queued .. ', which a repair needs')
end
local term, note, epoch = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local ms = math.floor(now() / 1000)
local keys = { committed, processing, lease, delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts, prioritized,
  remembered, payload, priority, since, progress }
local sizes = sizesOf(keys)
local ids = {}
for i = 9, #ARGV, 4 do ids[#ids + 1] = ARGV[i + 1] end
local held = lookUp(keys, sizes, ids)
local counted = redis.call('HMGET', totals, 'entered', 'left', 'taken', 'marked', 'epoch', 'position')
local entered, left = tonumber(counted[1]) or 0, tonumber(counted[2]) or 0
local count = { taken = tonumber(counted[3]) or 0, marked = tonumber(counted[4]) or 0 }
local tokens, length = redis.call('LLEN', wake), redis.call('LLEN', queued)
sound('LLEN', marks)
sound('HLEN', steps, meta, guard)
local newest = redis.call('XREVRANGE', events, '+', '-', 'COUNT', 1)[1]
local position = math.max(newest and tonumber(string.match(newest[1], '^%d+')) or 0, tonumber(counted[6]) or 0)
local wrote = false
local function write()
  wrote = true
end
local size, added, tail = sizes[1], 0, {}
local function commit(id)
  write(redis.call('SADD', committed, id))
  added = added + 1
end
local function entry(place)
  return place > count.taken and redis.call('LINDEX', queued, place - count.taken - 1)
end
local function sort(id, how, place, in_)
  local c, p, l, d, f, a = in_(1), in_(2), in_(3), in_(4), in_(5), in_(6)
  local n, e, t, w, o, g, r = in_(7), in_(8), in_(9), in_(10), in_(11), in_(12), in_(13)
  local m, b, x, s, j = in_(14), in_(15), in_(16), in_(17), in_(18)
  if how == 'commit' and (c or p or l or d or f or a or g or r or m or entry(place) ~= id) then return end
  if how == 'rank' then
    if c and x and not (p or l or d or r) and entry(place) == id then
      write(redis.call('SADD', ghosts, id))
      tail[#tail + 1] = id
    end
    return
  end
  if c or p or l or d or o or r or how == 'commit' then
    if not c then commit(id) end
    if m then write(redis.call('ZREM', remembered, id)) end
    if l and not p then write(redis.call('ZADD', processing, ms + term, id)) end
    if p and not l then write(redis.call('HSET', lease, id, string.format('%.0f:%.0f:audit:0', tonumber(counted[5]) or 0, ms))) end
    p = p or l
    if p and d then write(redis.call('ZREM', delayed, id)) end
    local anew = false
    if r and (p or d) then
      write(redis.call('ZREM', prioritized, id))
    elseif r and x then
      anew = rankOf(r) ~= tonumber(x)
    elseif r and rankOf(r) ~= 0 then
      write(redis.call('HSET', priority, id, string.format('%.0f', rankOf(r))))
    elseif r then
      write(redis.call('ZREM', prioritized, id))
      anew = true
    end
    if f or a then
      if not n then write(redis.call('HSET', failures, id, f or 1)) end
      write(redis.call('ZREM', failed, id))
      write(redis.call('ZREM', failedAt, id))
      n = true
    end
    if e and not n and not t then write(redis.call('HSET', failures, id, 1)) end
    if n and not e then write(redis.call('HSET', errors, id, string.format('%.0f ', ms) .. note)) end
    if g and (how == 'unmark' or not (p or d or r)) then write(redis.call('SREM', ghosts, id)) end
    if not p then
      if j then write(redis.call('HDEL', progress, id)) end
      if w then write(redis.call('SREM', withdrawn, id)) end
      if o then write(redis.call('HDEL', owed, id)) end
      if anew or not d and not r and (how == 'push' or o and not c) then tail[#tail + 1], wrote = id, true end
    end
    return
  end
  if f and not a then write(redis.call('ZADD', failedAt, ms, id)) end
  if a and not f then write(redis.call('ZADD', failed, 1, id)) end
  if (f or a) and not e then write(redis.call('HSET', errors, id, string.format('%.0f ', ms) .. note)) end
  if e and not (f or a) then write(redis.call('HDEL', errors, id)) end
  if n then write(redis.call('HDEL', failures, id)) end
  if t then write(redis.call('HDEL', tries, id)) end
  if w then write(redis.call('SREM', withdrawn, id)) end
  if g and how == 'unmark' then write(redis.call('SREM', ghosts, id)) end
  if s then write(redis.call('HDEL', since, id)) end
  if j then write(redis.call('HDEL', progress, id)) end
  if f or a then
    if m then write(redis.call('ZREM', remembered, id)) end
    return
  end
  if b then write(redis.call('HDEL', payload, id)) end
  if x then write(redis.call('HDEL', priority, id)) end
end
local mended, whole = {}, {}
for i, id in ipairs(ids) do
  local at = 5 + 4 * i
  local how, place, twin = ARGV[at], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  wrote = false
  if how == 'blank' then
    local elsewhere = held[2][i] or held[3][i] or held[4][i] or held[13][i]
    local waits = held[1][i] and not elsewhere
    local marked = held[12][i] and not waits and (elsewhere or not held[11][i])
    local double = twin and twin ~= place and entry(twin) == id
    if entry(place) == id and (double or not (waits or marked)) then
      write(redis.call('LSET', queued, place - count.taken - 1, ''))
    end
  elseif how == 'forget' then
    local record = redis.call('HGET', steps, id)
    if record and oddStep(record) then write(redis.call('HDEL', steps, id)) end
  elseif how == 'unkeep' then
    local text, till = redis.call('HEXISTS', results, id) == 1, redis.call('ZSCORE', kept, id)
    if text and not till then write(redis.call('HDEL', results, id)) end
    if till and not text then write(redis.call('ZREM', kept, id)) end
  else
    sort(id, how, place, function(part) return held[part][i] end)
  end
  mended[i] = wrote and '1' or '0'
end
length = toTail(queued, ghosts, marks, tail, count, ms)
if #tail > 0 then redis.call('HSET', totals, 'marked', count.marked) end
local function matter(due, mend)
  if due then mend() end
  whole[#whole + 1] = due and '1' or '0'
end
matter(epoch > (tonumber(counted[5]) or 0), function() redis.call('HSET', totals, 'epoch', ARGV[3]) end)
size = size + added
if added > 0 and left + size > entered then
  entered = left + size
  redis.call('HSET', totals, 'entered', entered)
end
local odd = {}
local fields = ARGV[4] == '1' and redis.call('HGETALL', totals) or {}
for i = 1, #fields, 2 do
  if not tonumber(fields[i + 1]) then odd[#odd + 1] = fields[i] end
end
matter(ARGV[4] == '1' and (#odd > 0 or entered - left ~= size), function()
  if #odd > 0 then redis.call('HDEL', totals, unpack(odd)) end
  entered = math.max(entered, left + size)
  redis.call('HSET', totals, 'entered', entered, 'left', entered - size)
  if position > 0 then redis.call('HSET', totals, 'position', string.format('%.0f', position)) end
end)
matter(ARGV[5] == '1' or length > 0 and redis.call('EXISTS', marks) == 0, function()
  redis.call('UNLINK', marks)
  if length > 0 then redis.call('RPUSH', marks, string.format('%.0f:%.0f', count.taken + 1, ms)) end
  redis.call('HSET', totals, 'marked', ms)
end)
matter(ARGV[6] ~= '' and redis.call('HGET', meta, 'layout') == false, function()
  redis.call('HSET', meta, 'layout', ARGV[6], 'digest', '')
end)
matter(ARGV[7] == '1' and oddSeat(redis.call('HMGET', guard, 'until', 'at', 'grace')), function() redis.call('UNLINK', guard) end)
matter(ARGV[8] == '1' and redis.call('HEXISTS', control, 'journal') == 0 and redis.call('EXISTS', events) == 1, function()
  redis.call('HSET', control, 'journal', redis.call('XLEN', events))
  redis.call('HSET', totals, 'position', string.format('%.0f', position + 1))
end)
local told = redis.call('HMGET', control, 'paused', 'hold')
local line = (told[1] or tonumber(told[2] or 0) > ms) and 0 or length + redis.call('ZCARD', prioritized)
matter(tokens == 0 and line > 0, function() end)
arm(wake, tokens, line)
noteExtras()
return { table.concat(mended), table.concat(whole) }`,
  },
  'messages': {
    keys: ['totals', 'events', 'schedules'],
    plain: 3,
    flags: 'no-writes',
    rights: ['HGET totals', 'HGETALL schedules', 'XRANGE events'],
    text: `local totals, events, schedules = unpack(KEYS)
if #ARGV == 0 then return redis.call('HGETALL', schedules) end
local first = redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1]
local reply = { first and tonumber(string.match(first[1], '^%d+')) or 0, tonumber(redis.call('HGET', totals, 'position') or 0) }
for _, entry in ipairs(redis.call('XRANGE', events, ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])) do reply[#reply + 1] = entry[2][2] end
return reply`,
  },
  'move': {
    keys: ['queued', 'committed', 'processing', 'wake', 'totals', 'marks', 'delayed', 'failed', 'failedAt', 'failures', 'tries', 'ghosts', 'priority', 'prioritized', 'remembered', 'control', 'events', 'listening', 'errors', 'withdrawn', 'owed', 'payload', 'since', 'progress', 'kept', 'extras'],
    plain: 6,
    flags: '',
    rights: ['DEL extras', 'EXISTS control delayed errors extras failed failures ghosts kept owed payload prioritized priority progress remembered since tries withdrawn', 'GET listening', 'HDEL tries', 'HGET totals', 'HINCRBY totals', 'HLEN failures priority tries', 'HMGET control priority totals', 'HSET failures totals', 'LINDEX marks', 'LLEN marks queued wake', 'LPOP marks', 'LPUSH queued', 'RPUSH marks queued wake', 'SADD committed', 'SCARD ghosts', 'SET extras', 'SMISMEMBER committed ghosts', 'SPUBLISH events', 'SREM ghosts', 'TIME', 'TYPE events', 'XADD events', 'ZADD prioritized', 'ZCARD failedAt prioritized', 'ZMSCORE delayed failed processing remembered', 'ZRANGEBYSCORE delayed', 'ZREM delayed failed failedAt'],
    text: `local queued, committed, processing, wake, totals, marks = unpack(KEYS)
local delayed, failed, failedAt, failures, tries, ghosts, priority, prioritized, remembered, control, events, listening = unpack(KEYS, 7)
local errors, withdrawn, owed, payload, since, progress, kept, extras = unpack(KEYS, 19)
local function arm(wake, tokens, length)
  if tokens == 0 and length > 0 then redis.call('RPUSH', wake, '1') end
end
local function dueMark(count, ms) return ms < count.marked or ms >= count.marked + 1000 end
local function mark(marks, place, count, ms)
  if not dueMark(count, ms) then return end
  count.marked = ms
  redis.call('RPUSH', marks, string.format('%.0f:%.0f', place, ms))
  for _ = 1, 100 do
    local second = redis.call('LINDEX', marks, 1)
    if not second or tonumber(string.match(second, '^(-?%d+)')) > count.taken + 1 then return end
    redis.call('LPOP', marks)
  end
end
local function toPrioritized(ids, side)
  if #ids == 0 or redis.call('EXISTS', priority) == 0 then return ids end
  local of, scores, others = redis.call('HMGET', priority, unpack(ids)), {}, {}
  local n = tonumber(redis.call('HGET', totals, 'sequence') or 0)
  for i, id in ipairs(ids) do
    if of[i] then
      n = n + 1
      scores[#scores + 1], scores[#scores + 2] = string.format('%.0f', side * n - of[i] * 1099511627776), id
    else
      others[#others + 1] = id
    end
  end
  if #scores > 0 then
    redis.call('ZADD', prioritized, unpack(scores))
    redis.call('HSET', totals, 'sequence', string.format('%.0f', n))
  end
  return others
end
local function toTail(queued, ghosts, marks, ids, count, ms)
  local length, taken = redis.call('LLEN', queued), {}
  local entries = toPrioritized(ids, 1)
  if #entries == 0 then return length end
  if redis.call('EXISTS', ghosts) == 1 then
    local stale, rest = redis.call('SMISMEMBER', ghosts, unpack(entries)), {}
    for i, id in ipairs(entries) do
      if stale[i] == 1 then taken[#taken + 1] = id else rest[#rest + 1] = id end
    end
    entries = rest
    if #taken > 0 then redis.call('SREM', ghosts, unpack(taken)) end
  end
  if #entries == 0 then return length end
  mark(marks, count.taken + length + 1, count, ms)
  return redis.call('RPUSH', queued, unpack(entries))
end
local function toHead(queued, totals, ids, count)
  local reversed = {}
  for i = #ids, 1, -1 do reversed[#reversed + 1] = ids[i] end
  reversed = toPrioritized(reversed, -1)
  if #reversed == 0 then return end
  redis.call('LPUSH', queued, unpack(reversed))
  count.taken = count.taken - #reversed
  redis.call('HSET', totals, 'returned', (tonumber(redis.call('HGET', totals, 'returned')) or 0) + #reversed)
end
local function promote(delayed, queued, ghosts, marks, count, ms)
  local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', ms, 'LIMIT', 0, 1000)
  if #due > 0 then
    redis.call('ZREM', delayed, unpack(due))
    toTail(queued, ghosts, marks, due, count, ms)
  end
end
local function readControl(control, listening, ms, events)
  local held = redis.call('HMGET', control, 'paused', 'hold', 'journal', 'holder')
  local paused, hold, journal = held[1] == '1', tonumber(held[2] or 0), tonumber(held[3] or 0)
  local is = events and journal > 0 and redis.call('TYPE', events).ok
  if is and is ~= 'none' and is ~= 'stream' then error({ err = 'WRONGTYPE ' .. events .. ' holds a ' .. is .. ', not a stream' }) end
  return { paused = paused, hold = hold, holder = held[4], journal = journal, heard = redis.call('GET', listening), blocked = paused or hold > ms, told = {} }
end
local function tell(whole, kind, ids)
  if #ids == 0 or not (whole.heard or whole.journal > 0) then return end
  whole.told[#whole.told + 1] = cjson.encode(kind) .. ',' .. cjson.encode(ids)
end
local function send(whole, totals, events, ms)
  if #whole.told == 0 then return end
  local position = redis.call('HINCRBY', totals, 'position', 1)
  local text = string.format('[%.0f,%.0f,', position, ms) .. table.concat(whole.told, ',') .. ']'
  if whole.journal > 0 then redis.call('XADD', events, 'MAXLEN', whole.journal, string.format('%.0f-0', position), 'm', text) end
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, text) end
end
local function sendNothing(whole, totals, events, ms)
  local position = redis.call('HINCRBY', totals, 'position', 1)
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, string.format('[%.0f,%.0f]', position, ms)) end
end
local function noteExtras()
  local some = redis.call('EXISTS', delayed, failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, prioritized,
    since, progress, remembered, kept, control) > 0
  if some == (redis.call('EXISTS', extras) == 1) then return end
  if some then redis.call('SET', extras, '1') else redis.call('DEL', extras) end
end
local function sound(size, ...)
  local count
  for _, key in ipairs({ ... }) do count = redis.call(size, key) end
  return count
end
local ms = math.floor(now() / 1000)
local from, ids = ARGV[1], { unpack(ARGV, 2) }
local whole = readControl(control, listening, ms, events)
local entered = redis.call('SMISMEMBER', committed, unpack(ids))
local leased = redis.call('ZMSCORE', processing, unpack(ids))
local due = redis.call('ZMSCORE', delayed, unpack(ids))
local times = redis.call('ZMSCORE', failed, unpack(ids))
local forget = redis.call('ZMSCORE', remembered, unpack(ids))
local before = redis.call('HMGET', totals, 'entered', 'taken', 'marked')
local count = { taken = tonumber(before[2] or 0), marked = tonumber(before[3] or 0) }
local tokens = redis.call('LLEN', wake)
sound('LLEN', queued, marks)
sound('HLEN', failures, tries, priority)
sound('ZCARD', failedAt, prioritized)
sound('SCARD', ghosts)
local letters, seen, moving, travel = {}, {}, {}, {}
for i, id in ipairs(ids) do
  local letter = 'a'
  if entered[i] == 1 then
    letter = leased[i] and 'p' or due[i] and 'y' or 'q'
  elseif forget[i] and tonumber(forget[i]) > ms then
    letter = 'm'
  elseif times[i] then
    letter = 'f'
  end
  if seen[id] then
    letter = 'q'
  elseif letter == (from == 'failed' and 'f' or 'y') then
    seen[id], moving[#moving + 1] = true, id
    travel[#travel + 1], travel[#travel + 2] = id, times[i]
  end
  letters[i] = letter
end
if #moving > 0 then
  if from == 'failed' then
    redis.call('SADD', committed, unpack(moving))
    redis.call('HSET', failures, unpack(travel))
    redis.call('ZREM', failed, unpack(moving))
    redis.call('ZREM', failedAt, unpack(moving))
    redis.call('HDEL', tries, unpack(moving))
    redis.call('HSET', totals, 'entered', (before[1] or 0) + #moving)
  else
    redis.call('ZREM', delayed, unpack(moving))
  end
  toTail(queued, ghosts, marks, moving, count, ms)
  redis.call('HSET', totals, 'marked', count.marked)
  noteExtras()
  arm(wake, tokens, whole.blocked and 0 or 1)
  tell(whole, from == 'failed' and 'revived' or 'queued', moving)
  send(whole, totals, events, ms)
end
return table.concat(letters)`,
  },
  'open': {
    keys: ['meta'],
    plain: 1,
    flags: '',
    rights: ['HMGET meta', 'HSET meta'],
    text: `local meta = unpack(KEYS)
local was = redis.call('HMGET', meta, 'layout', 'digest')
if was[1] and was[1] ~= ARGV[1] then
  return redis.error_reply('WRONGLAYOUT this queue has layout ' .. was[1] .. ', this version of convoy-queue writes ' .. ARGV[1])
end
if was[2] == ARGV[2] then return '' end
redis.call('HSET', meta, 'layout', ARGV[1], 'digest', ARGV[2])
return was[2] or ''`,
  },
  'publish': {
    keys: ['queued', 'committed', 'processing', 'wake', 'totals', 'marks', 'extras', 'listening', 'delayed', 'failed', 'failedAt', 'failures', 'withdrawn', 'owed', 'ghosts', 'tries', 'alarm', 'payload', 'priority', 'prioritized', 'since', 'remembered', 'control', 'results', 'kept', 'schedules', 'events', 'lease', 'errors', 'progress'],
    plain: 8,
    flags: '',
    rights: ['DEL alarm extras', 'EXISTS alarm committed control delayed errors events extras failed failedAt failures ghosts kept lease listening marks owed payload prioritized priority processing progress queued remembered results schedules since totals tries wake withdrawn', 'GET listening', 'HDEL control payload priority results since', 'HGET results schedules totals', 'HINCRBY totals', 'HLEN failures owed payload priority results schedules since tries', 'HMGET control lease owed payload priority since totals tries', 'HSET failures owed payload priority schedules since totals', 'LINDEX marks', 'LLEN marks queued wake', 'LPOP marks', 'LPUSH queued', 'RPUSH marks queued wake', 'SADD committed ghosts', 'SCARD committed ghosts withdrawn', 'SET extras', 'SMISMEMBER committed ghosts withdrawn', 'SPUBLISH events', 'SREM ghosts', 'TIME', 'TYPE events', 'XADD events', 'ZADD delayed prioritized', 'ZCARD delayed failed failedAt kept prioritized processing remembered', 'ZMSCORE delayed failed prioritized processing remembered', 'ZRANGE delayed', 'ZRANGEBYSCORE delayed kept remembered', 'ZREM delayed failed failedAt kept prioritized remembered', 'ZSCORE kept'],
    text: `local queued, committed, processing, wake, totals, marks, extras, listening = unpack(KEYS)
local delayed, failed, failedAt, failures, withdrawn, owed, ghosts, tries, alarm = unpack(KEYS, 9)
local payload, priority, prioritized, since, remembered, control, results, kept, schedules, events, lease, errors, progress = unpack(KEYS, 18)
local simple = ARGV[1] == 'discard'
local waiting, timing, meeting, failing, stamped, maxWait, most, bound, brings = 'd', 'f', 'd', 'r'
if not simple then
  waiting, timing, meeting, failing, stamped, maxWait, most, bound, brings = string.match(ARGV[1], '^(%a)(%a)(%a)(%a)([01])|(%d*)|(-?%d+)|([01])|([01])$')
end
if not waiting then return redis.error_reply('POLICY unknown') end
maxWait, most = tonumber(maxWait or ''), tonumber(most or 0)
local n = #ARGV - 1
if brings == '1' then n = n / 5 end
local short = #KEYS == 8
local lazy
if short then lazy = redis.call('EXISTS', extras, listening) > 0 else lazy = redis.call('EXISTS', delayed, failed, withdrawn, owed, ghosts, remembered, control, listening) > 0 end
if short and (lazy or not simple) then return redis.error_reply('MORE keys') end
local length = redis.call('LLEN', queued)
local before = redis.call('HMGET', totals, 'entered', 'published', 'duplicates', 'taken', 'marked')
local marked = tonumber(before[5] or 0)
local tokens = redis.call('LLEN', wake)
local ms = math.floor(now() / 1000)
if simple and n == 1 and not lazy and marked <= ms and ms < marked + 1000 and redis.call('SADD', committed, ARGV[2]) == 1 then
  redis.call('RPUSH', queued, ARGV[2])
  redis.call('HSET', totals, 'entered', (before[1] or 0) + 1, 'published', (before[2] or 0) + 1)
  if tokens == 0 then redis.call('RPUSH', wake, '1') end
  return 'q'
end
local function arm(wake, tokens, length)
  if tokens == 0 and length > 0 then redis.call('RPUSH', wake, '1') end
end
local function dueMark(count, ms) return ms < count.marked or ms >= count.marked + 1000 end
local function mark(marks, place, count, ms)
  if not dueMark(count, ms) then return end
  count.marked = ms
  redis.call('RPUSH', marks, string.format('%.0f:%.0f', place, ms))
  for _ = 1, 100 do
    local second = redis.call('LINDEX', marks, 1)
    if not second or tonumber(string.match(second, '^(-?%d+)')) > count.taken + 1 then return end
    redis.call('LPOP', marks)
  end
end
local function sound(size, ...)
  local count
  for _, key in ipairs({ ... }) do count = redis.call(size, key) end
  return count
end
local count = { taken = tonumber(before[4] or 0), marked = marked }
if simple and not lazy then
  local due = dueMark(count, ms)
  if due then sound('LLEN', marks) end
  local part, known, plain = 250, {}, true
  if n == 1 then
    known[1] = { 1 - redis.call('SADD', committed, ARGV[2]) }
    plain = known[1][1] == 0
  else
    if n > part then sound('ZCARD', processing) end
    for from = 1, n, part do
      local to = math.min(from + part - 1, n)
      local some = redis.call('SMISMEMBER', committed, unpack(ARGV, from + 1, to + 1))
      for i = 1, plain and #some or 0 do plain = plain and some[i] == 0 end
      plain = plain and redis.call('SADD', committed, unpack(ARGV, from + 1, to + 1)) == to - from + 1
      known[#known + 1] = some
    end
  end
  if plain then
    mark(marks, count.taken + length + 1, count, ms)
    length = redis.call('RPUSH', queued, unpack(ARGV, 2))
    redis.call('HSET', totals, 'entered', (before[1] or 0) + n, 'published', (before[2] or 0) + n)
    if due then redis.call('HSET', totals, 'marked', count.marked) end
    arm(wake, tokens, length)
    return string.rep('q', n)
  end
  local letters, met, places, entries, seen = {}, {}, {}, {}, {}
  for at, some in ipairs(known) do
    for k = 1, #some do
      local i = (at - 1) * part + k
      local id = ARGV[i + 1]
      if some[k] == 1 then
        met[#met + 1], places[#places + 1] = id, i
      elseif seen[id] then
        letters[i] = 'd'
      else
        letters[i], seen[id], entries[#entries + 1] = 'q', true, id
      end
    end
  end
  if #met > 0 then
    for k, leaseEnd in ipairs(redis.call('ZMSCORE', processing, unpack(met))) do letters[places[k]] = leaseEnd and 'p' or 'd' end
  end
  if #entries > 0 then
    redis.call('SADD', committed, unpack(entries))
    mark(marks, count.taken + length + 1, count, ms)
    length = redis.call('RPUSH', queued, unpack(entries))
    arm(wake, tokens, length)
  end
  redis.call('HSET', totals, 'entered', (before[1] or 0) + #entries, 'published', (before[2] or 0) + n,
    'duplicates', (before[3] or 0) + n - #entries, 'marked', count.marked)
  return table.concat(letters)
end
local function toPrioritized(ids, side)
  if #ids == 0 or redis.call('EXISTS', priority) == 0 then return ids end
  local of, scores, others = redis.call('HMGET', priority, unpack(ids)), {}, {}
  local n = tonumber(redis.call('HGET', totals, 'sequence') or 0)
  for i, id in ipairs(ids) do
    if of[i] then
      n = n + 1
      scores[#scores + 1], scores[#scores + 2] = string.format('%.0f', side * n - of[i] * 1099511627776), id
    else
      others[#others + 1] = id
    end
  end
  if #scores > 0 then
    redis.call('ZADD', prioritized, unpack(scores))
    redis.call('HSET', totals, 'sequence', string.format('%.0f', n))
  end
  return others
end
local function toTail(queued, ghosts, marks, ids, count, ms)
  local length, taken = redis.call('LLEN', queued), {}
  local entries = toPrioritized(ids, 1)
  if #entries == 0 then return length end
  if redis.call('EXISTS', ghosts) == 1 then
    local stale, rest = redis.call('SMISMEMBER', ghosts, unpack(entries)), {}
    for i, id in ipairs(entries) do
      if stale[i] == 1 then taken[#taken + 1] = id else rest[#rest + 1] = id end
    end
    entries = rest
    if #taken > 0 then redis.call('SREM', ghosts, unpack(taken)) end
  end
  if #entries == 0 then return length end
  mark(marks, count.taken + length + 1, count, ms)
  return redis.call('RPUSH', queued, unpack(entries))
end
local function toHead(queued, totals, ids, count)
  local reversed = {}
  for i = #ids, 1, -1 do reversed[#reversed + 1] = ids[i] end
  reversed = toPrioritized(reversed, -1)
  if #reversed == 0 then return end
  redis.call('LPUSH', queued, unpack(reversed))
  count.taken = count.taken - #reversed
  redis.call('HSET', totals, 'returned', (tonumber(redis.call('HGET', totals, 'returned')) or 0) + #reversed)
end
local function promote(delayed, queued, ghosts, marks, count, ms)
  local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', ms, 'LIMIT', 0, 1000)
  if #due > 0 then
    redis.call('ZREM', delayed, unpack(due))
    toTail(queued, ghosts, marks, due, count, ms)
  end
end
local function split(list)
  local set, drop = {}, {}
  for i = 1, #list, 2 do
    if list[i + 1] then set[#set + 1], set[#set + 2] = list[i], list[i + 1] else drop[#drop + 1] = list[i] end
  end
  return set, drop
end
local function setTraits(payloads, priorities, births)
  local set, drop = split(payloads)
  if #set > 0 then redis.call('HSET', payload, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', payload, unpack(drop)) end
  set, drop = split(priorities)
  if #set > 0 then redis.call('HSET', priority, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', priority, unpack(drop)) end
  set, drop = split(births)
  if #set > 0 then redis.call('HSET', since, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', since, unpack(drop)) end
end
local function readOwed(text)
  local flag, due, weight, rest = string.match(text, '^(s?)|(%d*)|(-?%d*)|(.*)$')
  return { superseding = flag == 's', due = tonumber(due or '') or 0, weight = tonumber(weight or ''),
    payload = rest ~= nil and rest ~= '' and string.sub(rest, 2) }
end
local function owedText(debt)
  if not (debt.superseding or debt.due > 0 or debt.weight or debt.payload) then return '' end
  return (debt.superseding and 's' or '') .. '|' .. (debt.due > 0 and string.format('%.0f', debt.due) or '') .. '|'
    .. (debt.weight and string.format('%.0f', debt.weight) or '') .. '|' .. (debt.payload and 'p' .. debt.payload or '')
end
local function readControl(control, listening, ms, events)
  local held = redis.call('HMGET', control, 'paused', 'hold', 'journal', 'holder')
  local paused, hold, journal = held[1] == '1', tonumber(held[2] or 0), tonumber(held[3] or 0)
  local is = events and journal > 0 and redis.call('TYPE', events).ok
  if is and is ~= 'none' and is ~= 'stream' then error({ err = 'WRONGTYPE ' .. events .. ' holds a ' .. is .. ', not a stream' }) end
  return { paused = paused, hold = hold, holder = held[4], journal = journal, heard = redis.call('GET', listening), blocked = paused or hold > ms, told = {} }
end
local function tell(whole, kind, ids)
  if #ids == 0 or not (whole.heard or whole.journal > 0) then return end
  whole.told[#whole.told + 1] = cjson.encode(kind) .. ',' .. cjson.encode(ids)
end
local function send(whole, totals, events, ms)
  if #whole.told == 0 then return end
  local position = redis.call('HINCRBY', totals, 'position', 1)
  local text = string.format('[%.0f,%.0f,', position, ms) .. table.concat(whole.told, ',') .. ']'
  if whole.journal > 0 then redis.call('XADD', events, 'MAXLEN', whole.journal, string.format('%.0f-0', position), 'm', text) end
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, text) end
end
local function sendNothing(whole, totals, events, ms)
  local position = redis.call('HINCRBY', totals, 'position', 1)
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, string.format('[%.0f,%.0f]', position, ms)) end
end
local function firstDue(delayed) return tonumber(redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]) end
local function earlier(before, after) return after and (not before or after < before) end
local function purge(remembered, kept, results, control, whole, ms)
  if whole.hold > 0 and whole.hold <= ms then redis.call('HDEL', control, 'hold', 'holder') end
  if redis.call('EXISTS', remembered, kept) == 0 then return false end
  local over = redis.call('ZRANGEBYSCORE', remembered, '-inf', ms, 'LIMIT', 0, 1000)
  if #over > 0 then redis.call('ZREM', remembered, unpack(over)) end
  local most = #over
  over = redis.call('ZRANGEBYSCORE', kept, '-inf', ms, 'LIMIT', 0, 1000)
  if #over > 0 then
    redis.call('ZREM', kept, unpack(over))
    redis.call('HDEL', results, unpack(over))
  end
  return math.max(most, #over) == 1000
end
local function noteExtras()
  local some = redis.call('EXISTS', delayed, failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, prioritized,
    since, progress, remembered, kept, control) > 0
  if some == (redis.call('EXISTS', extras) == 1) then return end
  if some then redis.call('SET', extras, '1') else redis.call('DEL', extras) end
end
sound('LLEN', marks)
sound('HLEN', failures, owed, tries, payload, priority, since, results, schedules)
sound('ZCARD', processing, delayed, failed, failedAt, prioritized, remembered, kept)
sound('SCARD', committed, withdrawn, ghosts)
local whole, soonest = readControl(control, listening, ms, events), firstDue(delayed)
purge(remembered, kept, results, control, whole, ms)
local order, stamps, brought = {}, 0, {}
local function column(key, ids, read) return #ids > 0 and redis.call('EXISTS', key) == 1 and read(ids) or {} end
local function readRecords()
  local records, ids = {}, {}
  for i = 1, n do
    local id = ARGV[i + 1]
    if not records[id] then
      records[id], ids[#ids + 1] = { id = id, place = 'absent' }, id
      order[#order + 1] = records[id]
    end
  end
  local entered = redis.call('SMISMEMBER', committed, unpack(ids))
  local times = column(failed, ids, function(some) return redis.call('ZMSCORE', failed, unpack(some)) end)
  local forget = column(remembered, ids, function(some) return redis.call('ZMSCORE', remembered, unpack(some)) end)
  local met, old, memories = {}, {}, {}
  for i, id in ipairs(ids) do
    local record = records[id]
    if entered[i] == 1 then
      record.place, met[#met + 1], old[#old + 1] = 'queued', id, id
    elseif forget[i] and tonumber(forget[i]) > ms then
      record.place, memories[#memories + 1] = 'remembered', id
    else
      record.forgotten = forget[i]
      if times[i] then record.place, record.times, old[#old + 1] = 'failed', times[i], id end
    end
  end
  local leased = column(processing, met, function(some) return redis.call('ZMSCORE', processing, unpack(some)) end)
  local due = column(delayed, met, function(some) return redis.call('ZMSCORE', delayed, unpack(some)) end)
  local ranks = column(prioritized, met, function(some) return redis.call('ZMSCORE', prioritized, unpack(some)) end)
  local gone = column(withdrawn, met, function(some) return redis.call('SMISMEMBER', withdrawn, unpack(some)) end)
  local again = column(owed, met, function(some) return redis.call('HMGET', owed, unpack(some)) end)
  local past = column(tries, met, function(some) return redis.call('HMGET', tries, unpack(some)) end)
  local born = column(since, met, function(some) return redis.call('HMGET', since, unpack(some)) end)
  for i, id in ipairs(met) do
    local record = records[id]
    record.since, record.backoff = tonumber(born[i] or ''), past[i]
    if leased[i] then
      record.place, record.withdrawn, record.debt = 'processing', gone[i] == 1, again[i] and readOwed(again[i])
    elseif due[i] then
      record.place, record.due, record.wasDue = 'delayed', tonumber(due[i]), tonumber(due[i])
    else
      record.inLine, record.ranked = not ranks[i], ranks[i]
    end
  end
  local bytes = column(payload, old, function(some) return redis.call('HMGET', payload, unpack(some)) end)
  local weights = column(priority, old, function(some) return redis.call('HMGET', priority, unpack(some)) end)
  for i, id in ipairs(old) do
    local record = records[id]
    record.payload, record.weight = bytes[i] or false, tonumber(weights[i] or '')
    record.wasPayload, record.wasWeight = record.payload, record.weight
  end
  for _, id in ipairs(memories) do
    local score = redis.call('ZSCORE', kept, 'r' .. id)
    local text = score and tonumber(score) > ms and redis.call('HGET', results, 'r' .. id)
    records[id].result = text and string.match(text, '^%d+ (.*)$')
  end
  if brings == '1' then
    for i = 1, n do
      local id = ARGV[i + 1]
      if ARGV[n + 4 * i + 1] ~= '' and not records[id].slotted then
        local slot, text = string.match(redis.call('HGET', schedules, id) or '', '^(%d+) (.*)$')
        records[id].slot, records[id].schedule, records[id].slotted = tonumber(slot or ''), text, true
      end
    end
  end
  return records
end
local function traitsOf(i)
  if brings ~= '1' then return { due = 0, payload = false } end
  local at = n + 1 + 4 * (i - 1)
  local due, body = ARGV[at + 1], ARGV[at + 3]
  local when = tonumber(due) or 0
  if string.sub(due, 1, 1) == '+' then when = when > 0 and ms + when or 0 end
  return { due = when > ms and when or 0, weight = tonumber(ARGV[at + 2]), payload = body ~= '' and string.sub(body, 2), slot = tonumber(ARGV[at + 4]) }
end
local function seat(record)
  stamps = stamps + 1
  record.seat = stamps
end
local function writeRecords(records)
  local enter, revived, travel, memories, payloads, priorities, births = {}, {}, {}, {}, {}, {}, {}
  local ghostly, unranked, undelayed, due, debts, slots, seats, last = {}, {}, {}, {}, {}, {}, {}, {}
  for _, record in ipairs(order) do
    local id = record.id
    if record.entered then enter[#enter + 1] = id end
    if record.revived then
      revived[#revived + 1] = id
      travel[#travel + 1], travel[#travel + 2] = id, record.times
    end
    if record.over then memories[#memories + 1] = id end
    if (record.payload or false) ~= (record.wasPayload or false) then payloads[#payloads + 1], payloads[#payloads + 2] = id, record.payload end
    if record.weight ~= record.wasWeight then
      priorities[#priorities + 1], priorities[#priorities + 2] = id, record.weight and string.format('%.0f', record.weight) or false
      if record.inLine and record.weight then ghostly[#ghostly + 1] = id end
      if record.ranked and not record.weight then unranked[#unranked + 1] = id end
    end
    if record.born ~= nil then births[#births + 1], births[#births + 2] = id, record.born and string.format('%.0f', record.born) end
    if record.place == 'delayed' then
      if record.due ~= record.wasDue then due[#due + 1], due[#due + 2] = string.format('%.0f', record.due), id end
    elseif record.wasDue then
      undelayed[#undelayed + 1] = id
    end
    if record.indebted then debts[#debts + 1], debts[#debts + 2] = id, owedText(record.debt) end
    if record.slotPassed then slots[#slots + 1], slots[#slots + 2] = id, string.format('%.0f ', record.slot) .. record.schedule end
    if record.seat and record.place == 'queued' then last[#last + 1] = record end
  end
  if #enter > 0 then redis.call('SADD', committed, unpack(enter)) end
  if #revived > 0 then
    redis.call('HSET', failures, unpack(travel))
    redis.call('ZREM', failed, unpack(revived))
    redis.call('ZREM', failedAt, unpack(revived))
  end
  if #memories > 0 then redis.call('ZREM', remembered, unpack(memories)) end
  setTraits(payloads, priorities, births)
  if #ghostly > 0 then redis.call('SADD', ghosts, unpack(ghostly)) end
  if #unranked > 0 then redis.call('ZREM', prioritized, unpack(unranked)) end
  if #undelayed > 0 then redis.call('ZREM', delayed, unpack(undelayed)) end
  if #due > 0 then redis.call('ZADD', delayed, unpack(due)) end
  if #debts > 0 then redis.call('HSET', owed, unpack(debts)) end
  if #slots > 0 then redis.call('HSET', schedules, unpack(slots)) end
  table.sort(last, function(a, b) return a.seat < b.seat end)
  for i, record in ipairs(last) do seats[i] = record.id end
  toTail(queued, ghosts, marks, seats, count, ms)
  return #seats > 0
end
local function timed(old, wanted, now, born)
  if timing == 'f' then return old end
  if timing == 'e' then return math.min(old, wanted) end
  local new = math.max(wanted, now)
  if maxWait and born then new = math.min(new, math.max(born + maxWait, old)) end
  return new
end
local function raise(record, weight)
  if not weight or weight <= (record.weight or 0) then return false end
  record.weight = weight ~= 0 and weight or nil
  return true
end
local function replace(record, body)
  if record.payload == body then return false end
  record.payload = body
  return true
end
local function bear(record, new)
  if stamped == '1' or (timing == 'l' and new.due > 0) then
    record.since, record.born = ms, ms
  elseif record.since then
    record.since, record.born = nil, false
  end
end
local function meetRunning(record, new)
  local debt = record.debt
  if not record.withdrawn and meeting == 'd' and not debt then return 'p' end
  record.indebted = true
  if not debt then
    bear(record, new)
    record.debt = { due = new.due, weight = new.weight ~= 0 and new.weight or nil, payload = new.payload, superseding = meeting == 's' and not record.withdrawn }
    return 'r'
  end
  debt.superseding = debt.superseding or (meeting == 's' and not record.withdrawn)
  local changed = (meeting ~= 'd' or waiting == 'r') and replace(debt, new.payload)
  changed = raise(debt, new.weight) or changed
  local due = timed(debt.due, new.due, 0)
  changed = changed or due ~= debt.due
  debt.due = due
  return changed and 's' or 'o'
end
local function meetDelayed(record, new)
  local changed = waiting == 'r' and replace(record, new.payload)
  changed = raise(record, new.weight) or changed
  if timing == 'l' and not record.since then record.since, record.born = ms, ms end
  local due = timed(record.due, new.due, ms, record.since)
  if record.backoff then due = math.max(due, record.due) end
  if due ~= record.due then
    changed, record.due = true, due
    if due <= ms then
      record.place = 'queued'
      seat(record)
    end
  end
  return changed and 'v' or 'y'
end
local function meetWaiting(record, new)
  local changed = waiting == 'r' and replace(record, new.payload)
  if raise(record, new.weight) then
    changed = true
    seat(record)
  end
  return changed and 'u' or 'd'
end
local function enter(record, new)
  local was = record.place
  record.revived, record.entered = was == 'failed', true
  record.payload, record.weight = new.payload, new.weight ~= 0 and new.weight or nil
  bear(record, new)
  if new.due > 0 then
    record.place, record.due = 'delayed', new.due
    return was == 'failed' and 'g' or 'w'
  end
  record.place = 'queued'
  seat(record)
  return was == 'failed' and 'f' or 'q'
end
local function meet(record, new, size)
  if new.slot and (not record.slot or record.slot >= new.slot) then return 'n' end
  local place = record.place
  record.over = record.forgotten
  if (place == 'absent' or (place == 'failed' and failing == 'r')) and most ~= 0 and size >= most then return place == 'absent' and 'x' or 'z' end
  if new.slot then record.slot, record.slotPassed = new.slot, true end
  if place == 'processing' then return meetRunning(record, new) end
  if place == 'delayed' then return meetDelayed(record, new) end
  if place == 'queued' then return meetWaiting(record, new) end
  if place == 'remembered' then return 'm' end
  if place == 'failed' and failing == 'h' then return 'h' end
  return enter(record, new)
end
local records, epochs = readRecords(), {}
if bound == '1' then
  local last = redis.call('HGET', totals, 'epoch') or '0'
  for i, token in ipairs(redis.call('HMGET', lease, unpack(ARGV, 2, n + 1))) do epochs[i] = token and string.match(token, '^~?(%d+)') or last end
end
local letters, dues, given, size = {}, {}, {}, redis.call('SCARD', committed)
local said, late, refused, reruns, entered = { queued = {}, revived = {}, duplicate = {} }, false, 0, 0, 0
for i = 1, n do
  local id = ARGV[i + 1]
  local record = records[id]
  local letter = meet(record, traitsOf(i), size + entered)
  letters[i], dues[i] = letter, letter ~= 'p' and (record.place == 'delayed' and record.due or record.debt and record.debt.due) or 0
  given[i] = letter == 'm' and record.result or false
  late = late or dues[i] > 0
  if letter == 'q' or letter == 'w' or letter == 'f' or letter == 'g' then entered = entered + 1 end
  if letter == 'r' then reruns = reruns + 1 end
  if letter == 'x' or letter == 'z' or letter == 'n' then
    refused = refused + 1
  else
    local kind = (letter == 'q' or letter == 'w') and 'queued' or (letter == 'f' or letter == 'g') and 'revived' or 'duplicate'
    table.insert(said[kind], id)
  end
end
local seated = writeRecords(records)
noteExtras()
local published = n - refused
redis.call('HSET', totals, 'entered', (before[1] or 0) + entered, 'published', (before[2] or 0) + published,
  'duplicates', (before[3] or 0) + published - entered - reruns, 'marked', count.marked)
local nudge = earlier(soonest, firstDue(delayed))
if nudge then redis.call('DEL', alarm) end
arm(wake, tokens, (nudge and not whole.paused or seated and not whole.blocked) and 1 or 0)
for _, kind in ipairs({ 'queued', 'revived', 'duplicate' }) do tell(whole, kind, said[kind]) end
send(whole, totals, events, ms)
local some = false
for i = 1, n do some = some or given[i] end
if not late and not some and bound ~= '1' then return table.concat(letters) end
return { table.concat(letters), late and dues or {}, some and given or {}, epochs }`,
  },
  'recall': {
    keys: ['results', 'kept'],
    plain: 2,
    flags: 'no-writes',
    rights: ['HMGET results', 'TIME', 'ZMSCORE kept'],
    text: `local results, kept = unpack(KEYS)
local ms = math.floor(now() / 1000)
local fields = {}
for i, id in ipairs(ARGV) do fields[2 * i - 1], fields[2 * i] = 'r' .. id, 'l' .. id end
local reply = {}
for first = 1, #fields, 1000 do
  local some = { unpack(fields, first, math.min(first + 999, #fields)) }
  local ends, texts = redis.call('ZMSCORE', kept, unpack(some)), redis.call('HMGET', results, unpack(some))
  for i = 1, #some do reply[#reply + 1] = ends[i] and tonumber(ends[i]) > ms and texts[i] end
end
return reply`,
  },
  'report': {
    keys: ['lease', 'totals', 'progress', 'control', 'results', 'kept', 'events', 'listening', 'delayed', 'failed', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts', 'payload', 'priority', 'prioritized', 'since', 'remembered', 'extras'],
    plain: 8,
    flags: '',
    rights: ['DEL extras', 'EXISTS control delayed errors extras failed failures ghosts kept owed payload prioritized priority progress remembered since tries withdrawn', 'GET listening', 'HGET lease results', 'HINCRBY totals', 'HLEN progress results', 'HMGET control', 'HSET progress results', 'SET extras', 'SPUBLISH events', 'TIME', 'TYPE events', 'XADD events', 'ZADD kept', 'ZCARD kept', 'ZSCORE kept'],
    text: `local lease, totals, progress, control, results, kept, events, listening = unpack(KEYS)
local delayed, failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, prioritized, since, remembered, extras = unpack(KEYS, 9)
local function readControl(control, listening, ms, events)
  local held = redis.call('HMGET', control, 'paused', 'hold', 'journal', 'holder')
  local paused, hold, journal = held[1] == '1', tonumber(held[2] or 0), tonumber(held[3] or 0)
  local is = events and journal > 0 and redis.call('TYPE', events).ok
  if is and is ~= 'none' and is ~= 'stream' then error({ err = 'WRONGTYPE ' .. events .. ' holds a ' .. is .. ', not a stream' }) end
  return { paused = paused, hold = hold, holder = held[4], journal = journal, heard = redis.call('GET', listening), blocked = paused or hold > ms, told = {} }
end
local function tell(whole, kind, ids)
  if #ids == 0 or not (whole.heard or whole.journal > 0) then return end
  whole.told[#whole.told + 1] = cjson.encode(kind) .. ',' .. cjson.encode(ids)
end
local function send(whole, totals, events, ms)
  if #whole.told == 0 then return end
  local position = redis.call('HINCRBY', totals, 'position', 1)
  local text = string.format('[%.0f,%.0f,', position, ms) .. table.concat(whole.told, ',') .. ']'
  if whole.journal > 0 then redis.call('XADD', events, 'MAXLEN', whole.journal, string.format('%.0f-0', position), 'm', text) end
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, text) end
end
local function sendNothing(whole, totals, events, ms)
  local position = redis.call('HINCRBY', totals, 'position', 1)
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, string.format('[%.0f,%.0f]', position, ms)) end
end
local function noteExtras()
  local some = redis.call('EXISTS', delayed, failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, prioritized,
    since, progress, remembered, kept, control) > 0
  if some == (redis.call('EXISTS', extras) == 1) then return end
  if some then redis.call('SET', extras, '1') else redis.call('DEL', extras) end
end
local function sound(size, ...)
  local count
  for _, key in ipairs({ ... }) do count = redis.call(size, key) end
  return count
end
local id, token, said, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local ms = math.floor(now() / 1000)
local held = redis.call('HGET', lease, id)
if not held or string.byte(token) == 126 or (held ~= token and held ~= '~' .. token) then return 0 end
local whole = readControl(control, listening, ms, events)
sound('HLEN', progress, results)
sound('ZCARD', kept)
if said ~= '' then
  redis.call('HSET', progress, id, string.sub(said, 2))
  tell(whole, 'progress', { id })
end
if #ARGV > 5 then
  local field = 'l' .. id
  local till = redis.call('ZSCORE', kept, field)
  local text = table.concat(ARGV, '\\n', 6)
  local past = till and tonumber(till) > ms and redis.call('HGET', results, field)
  if past then text = past .. '\\n' .. text end
  local cut = #text > most and string.find(text, '\\n', #text - most, true)
  if cut then
    text = string.sub(text, cut + 1)
  elseif #text > most then
    text = string.match(text, '^.*\\n(.*)$') or text
    while most > 0 and string.byte(text, most + 1) >= 128 and string.byte(text, most + 1) < 192 do most = most - 1 end
    text = string.sub(text, 1, most)
  end
  redis.call('HSET', results, field, text)
  redis.call('ZADD', kept, string.format('%.0f', ms + ARGV[5]), field)
end
noteExtras()
send(whole, totals, events, ms)
return 1`,
  },
  'steer': {
    keys: ['queued', 'wake', 'totals', 'prioritized', 'delayed', 'control', 'schedules', 'events', 'listening', 'alarm', 'failed', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts', 'payload', 'priority', 'since', 'progress', 'remembered', 'kept', 'extras'],
    plain: 10,
    flags: '',
    rights: ['DEL alarm extras', 'EXISTS control delayed errors events extras failed failures ghosts kept owed payload prioritized priority progress remembered since tries withdrawn', 'GET listening', 'HDEL control schedules', 'HGET schedules totals', 'HINCRBY totals', 'HMGET control', 'HSET control schedules totals', 'LLEN queued wake', 'RPUSH wake', 'SET extras', 'SPUBLISH events', 'TIME', 'TYPE events', 'UNLINK events', 'XADD events', 'XREVRANGE events', 'XTRIM events', 'ZCARD prioritized'],
    text: `local queued, wake, totals, prioritized, delayed, control, schedules, events, listening, alarm = unpack(KEYS)
local failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, since, progress, remembered, kept, extras = unpack(KEYS, 11)
local function arm(wake, tokens, length)
  if tokens == 0 and length > 0 then redis.call('RPUSH', wake, '1') end
end
local function readControl(control, listening, ms, events)
  local held = redis.call('HMGET', control, 'paused', 'hold', 'journal', 'holder')
  local paused, hold, journal = held[1] == '1', tonumber(held[2] or 0), tonumber(held[3] or 0)
  local is = events and journal > 0 and redis.call('TYPE', events).ok
  if is and is ~= 'none' and is ~= 'stream' then error({ err = 'WRONGTYPE ' .. events .. ' holds a ' .. is .. ', not a stream' }) end
  return { paused = paused, hold = hold, holder = held[4], journal = journal, heard = redis.call('GET', listening), blocked = paused or hold > ms, told = {} }
end
local function tell(whole, kind, ids)
  if #ids == 0 or not (whole.heard or whole.journal > 0) then return end
  whole.told[#whole.told + 1] = cjson.encode(kind) .. ',' .. cjson.encode(ids)
end
local function send(whole, totals, events, ms)
  if #whole.told == 0 then return end
  local position = redis.call('HINCRBY', totals, 'position', 1)
  local text = string.format('[%.0f,%.0f,', position, ms) .. table.concat(whole.told, ',') .. ']'
  if whole.journal > 0 then redis.call('XADD', events, 'MAXLEN', whole.journal, string.format('%.0f-0', position), 'm', text) end
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, text) end
end
local function sendNothing(whole, totals, events, ms)
  local position = redis.call('HINCRBY', totals, 'position', 1)
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, string.format('[%.0f,%.0f]', position, ms)) end
end
local function noteExtras()
  local some = redis.call('EXISTS', delayed, failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, prioritized,
    since, progress, remembered, kept, control) > 0
  if some == (redis.call('EXISTS', extras) == 1) then return end
  if some then redis.call('SET', extras, '1') else redis.call('DEL', extras) end
end
local order, ms = ARGV[1], math.floor(now() / 1000)
local whole = readControl(control, listening, ms, events)
if order == 'pause' or order == 'resume' then
  if whole.paused == (order == 'pause') then return 0 end
  if order == 'pause' then
    redis.call('HSET', control, 'paused', '1')
  else
    redis.call('HDEL', control, 'paused')
    redis.call('DEL', alarm)
    local line = redis.call('LLEN', queued) + redis.call('ZCARD', prioritized) > 0 and whole.hold <= ms
    if line or redis.call('EXISTS', delayed) == 1 then arm(wake, redis.call('LLEN', wake), 1) end
  end
  noteExtras()
  if whole.heard or whole.journal > 0 then whole.told[1] = order == 'pause' and '"paused",[]' or '"resumed",[]' end
  send(whole, totals, events, ms)
  return 1
end
if order == 'journal' then
  local keep = tonumber(ARGV[2])
  if keep == whole.journal and (keep > 0 or redis.call('EXISTS', events) == 0) then return 0 end
  if keep > 0 then
    local newest = tonumber(string.match((redis.call('XREVRANGE', events, '+', '-', 'COUNT', 1)[1] or { '0' })[1], '^%d+'))
    if newest > (tonumber(redis.call('HGET', totals, 'position')) or 0) then redis.call('HSET', totals, 'position', string.format('%.0f', newest)) end
    redis.call('HSET', control, 'journal', ARGV[2])
    if whole.journal == 0 then sendNothing(whole, totals, events, ms) end
    if redis.call('EXISTS', events) == 1 then redis.call('XTRIM', events, 'MAXLEN', keep) end
  else
    redis.call('HDEL', control, 'journal')
    redis.call('UNLINK', events)
  end
  noteExtras()
  return 1
end
local id, slot, text = ARGV[2], ARGV[3], ARGV[4]
if text == '' then return redis.call('HDEL', schedules, id) end
local stands = string.match(redis.call('HGET', schedules, id) or '', '^%d+ (.*)$')
if stands == string.sub(text, 2) then return 0 end
redis.call('HSET', schedules, id, slot .. ' ' .. string.sub(text, 2))
return 1`,
  },
  'step': {
    keys: ['queued', 'committed', 'processing', 'lease', 'wake', 'totals', 'steps', 'extras', 'listening', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts', 'alarm', 'marks', 'payload', 'priority', 'prioritized', 'since', 'remembered', 'progress', 'control', 'rate', 'results', 'kept', 'events'],
    plain: 9,
    flags: 'allow-oom',
    rights: ['DEL alarm extras', 'EXISTS control delayed errors extras failed failures ghosts kept listening owed payload prioritized priority progress remembered since tries withdrawn', 'GET alarm listening rate', 'HDEL control errors failures lease owed payload priority progress results since tries', 'HGET lease priority since steps totals', 'HINCRBY totals', 'HLEN errors failures lease owed payload priority progress results since tries', 'HMGET control failures lease owed payload priority totals tries', 'HSET control errors failures lease payload priority results since steps totals tries', 'LINDEX marks', 'LLEN marks queued wake', 'LPOP marks', 'LPUSH queued', 'LRANGE queued', 'LTRIM queued', 'RPUSH marks queued wake', 'SCARD committed ghosts withdrawn', 'SET alarm extras rate', 'SMISMEMBER committed ghosts withdrawn', 'SPUBLISH events', 'SREM committed ghosts withdrawn', 'TIME', 'TYPE events', 'XADD events', 'ZADD delayed failed failedAt kept prioritized processing remembered', 'ZCARD delayed failed failedAt kept prioritized processing remembered', 'ZMSCORE delayed prioritized', 'ZPOPMIN failedAt', 'ZRANGE delayed', 'ZRANGEBYSCORE delayed kept prioritized processing remembered', 'ZREM delayed failed kept prioritized processing remembered'],
    text: `local queued, committed, processing, lease, wake, totals, steps, extras, listening = unpack(KEYS)
local delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts, alarm, marks = unpack(KEYS, 10)
local payload, priority, prioritized, since, remembered, progress, control, rate, results, kept, events = unpack(KEYS, 21)
local worker, number, lane, term, claim, slots, keepFailed, leaving = unpack(ARGV, 1, 8)
if not string.find(number, '^%d+$') then return redis.error_reply('STALE step ' .. number .. ' is no number such as 1, 2, 3') end
local WHOLE = string.format('%d', 4294967296) == '4294967296' and '%d' or '%.0f'
local micros = now()
local stamp = string.sub(micros, 1, -4)
local field = worker .. ':' .. lane
local prior = redis.call('HGET', steps, field)
local before = #KEYS == 9 and redis.call('HMGET', totals, 'left', 'done', 'taken', 'epoch') or redis.call('HMGET', totals, 'left', 'done', 'taken', 'epoch', 'failed', 'lost', 'marked')
local epoch = before[4] or '0'
local lazy = #ARGV > 8 and ARGV[9] ~= '' or redis.call('EXISTS', extras, listening) > 0
local token, leaseEnd, ids = '', '', {}
if #KEYS == 9 and (lazy or prior and tonumber(string.match(prior, '^%d+')) >= tonumber(number)) then return redis.error_reply('MORE keys') end
if #ARGV <= 8 then
  local of, own = ARGV[7], ARGV[8]
  local line = redis.call('LRANGE', queued, '0', claim)
  local id, more = claim == '1' and line[1], line[claim == '1' and 2 or 1]
  local held, tokens = own and redis.call('HGET', lease, own) or redis.call('HLEN', lease), 1
  local lone = not own or (string.byte(of) ~= 126 and (held == of or held == '~' .. of))
  if more then tokens = redis.call('LLEN', wake) end
  if lone and id then
    leaseEnd = string.format(WHOLE, stamp + term)
    lone = redis.call('SMISMEMBER', committed, id)[1] == 1 and redis.call('ZADD', processing, 'NX', leaseEnd, id) == 1
  elseif lone and own then
    redis.call('SCARD', committed)
  end
  if not lone then return redis.error_reply('MORE keys') end
  if id then
    redis.call('LTRIM', queued, '1', '-1')
    epoch = (#micros > #epoch or #micros == #epoch and micros > epoch) and micros or string.format(WHOLE, epoch + 1)
    token = epoch .. ':' .. stamp .. ':' .. worker .. ':' .. number
    redis.call('HSET', lease, id, slots ~= '0' and token or '~' .. token)
  end
  local left, done, taken
  if own then
    redis.call('ZREM', processing, own)
    redis.call('HDEL', lease, own)
    left = string.format(WHOLE, (before[1] or 0) + redis.call('SREM', committed, own))
    done = string.format(WHOLE, (before[2] or 0) + 1)
  end
  if id then taken = string.format(WHOLE, (before[3] or 0) + 1) end
  if own and id then
    redis.call('HSET', totals, 'left', left, 'done', done, 'taken', taken, 'epoch', epoch)
  elseif own then
    redis.call('HSET', totals, 'left', left, 'done', done)
  elseif id then
    redis.call('HSET', totals, 'taken', taken, 'epoch', epoch)
  end
  redis.call('HSET', steps, field, number .. '|' .. stamp .. '|' .. token .. '|' .. leaseEnd .. '|')
  if more and tokens == 0 then redis.call('RPUSH', wake, '1') end
  return (more and '1' or '0') .. token .. (id and ' ' .. id or '')
end
local ms = math.floor(micros / 1000)
number, term, claim, slots, leaving = tonumber(number), tonumber(term), tonumber(claim), tonumber(slots), leaving == '1'
local function span(at)
  local first = at + 1 + 3 * tonumber(ARGV[at])
  local last = first - 1
  for g = at + 1, last, 3 do last = last + tonumber(ARGV[g + 2]) end
  return first, last
end
if #KEYS == 9 then
if leaving then return redis.error_reply('MORE keys') end
local at = 10
local first, last = span(at)
if last < first then
  redis.call('HLEN', lease)
else
  local held, i = redis.call('HMGET', lease, unpack(ARGV, first, last)), 0
  for g = at + 1, first - 1, 3 do
    local of = ARGV[g + 1]
    if ARGV[g] ~= 'd' or string.byte(of) == 126 then return redis.error_reply('MORE keys') end
    for _ = 1, tonumber(ARGV[g + 2]) do
      i = i + 1
      if held[i] ~= of and held[i] ~= '~' .. of then return redis.error_reply('MORE keys') end
    end
  end
end
at = last + 1
if ARGV[at] ~= '0' then return redis.error_reply('MORE keys') end
local popped = redis.call('LRANGE', queued, '0', ARGV[5])
local more = #popped > claim
if more then popped[#popped] = nil end
local tokens = more and redis.call('LLEN', wake) or 1
local settled = last - first + 1
if settled > 0 and #popped == 0 then redis.call('SCARD', committed) end
local taken, stale = 0, 0
while #popped > 0 and stale < 1000 do
  local inLine = true
  taken = taken + #popped
local dropped = {}
do
  local entered = redis.call('SMISMEMBER', committed, unpack(popped))
  local due = lazy and redis.call('ZMSCORE', delayed, unpack(popped))
  local raised = lazy and inLine and redis.call('ZMSCORE', prioritized, unpack(popped))
  local good = popped
  for i = 1, #popped do
    if due and due[i] or raised and raised[i] then entered[i] = 0 end
    if entered[i] ~= 1 then dropped[#dropped + 1] = popped[i] end
  end
  if #dropped > 0 then
    good = {}
    for i, id in ipairs(popped) do
      if entered[i] == 1 then good[#good + 1] = id end
    end
  end
  local n, fresh, cells = #good, 0, {}
  if n == 0 then
    redis.call('ZCARD', processing)
  else
    leaseEnd = string.format(WHOLE, ms + term)
    for i = n, 1, -1 do
      cells[2 * (n - i) + 1], cells[2 * (n - i) + 2] = leaseEnd, good[i]
    end
    if n < 8 then
      fresh = redis.call('ZADD', processing, 'NX', unpack(cells))
    else
      local overlong = string.rep('\\255', 65)
      fresh = redis.call('ZADD', processing, 'NX', leaseEnd, overlong, unpack(cells)) - 1
      redis.call('ZREM', processing, overlong)
    end
  end
  if inLine then redis.call('LTRIM', queued, #popped, -1) else redis.call('ZREM', prioritized, unpack(popped)) end
  if fresh < n then
    local held, seen, once = redis.call('HMGET', lease, unpack(good)), {}, {}
    for i, id in ipairs(good) do
      if held[i] or seen[id] then dropped[#dropped + 1] = id else seen[id], once[#once + 1] = true, id end
    end
    good, n = once, #once
    for i = 1, n do cells[2 * (n - i) + 2] = good[i] end
  end
  if n > 0 then
    if token == '' then
      epoch = string.format(WHOLE, math.max(micros, epoch + 1))
      token = epoch .. ':' .. stamp .. ':' .. worker .. ':' .. ARGV[2]
    end
    local ahead = #ids + n > slots and '~' .. token
    for i = 1, n do
      cells[2 * (n - i) + 3] = (#ids + i <= slots) and token or ahead
    end
    redis.call('HSET', lease, unpack(cells, 2, 2 * n + 1))
    if #ids == 0 then ids = good else for _, id in ipairs(good) do ids[#ids + 1] = id end end
  end
end
  stale = stale + #dropped
  popped = {}
  if #ids < claim and more then
    popped = redis.call('LRANGE', queued, 0, claim - #ids)
    more = #popped > claim - #ids
    if more then popped[#popped] = nil end
  end
end
more = more or #popped > 0
local left, done = tonumber(before[1] or 0), tonumber(before[2] or 0)
if settled > 0 then
  redis.call('ZREM', processing, unpack(ARGV, first, last))
  redis.call('HDEL', lease, unpack(ARGV, first, last))
  left, done = left + redis.call('SREM', committed, unpack(ARGV, first, last)), done + settled
end
at = at + 1
if ARGV[at] ~= '0' then
  first, last = span(at)
  local held, begun, i = redis.call('HMGET', lease, unpack(ARGV, first, last)), {}, 0
  for g = at + 1, first - 1, 3 do
    for _ = 1, tonumber(ARGV[g + 2]) do
      if held[i + 1] == '~' .. ARGV[g + 1] then begun[#begun + 1], begun[#begun + 2] = ARGV[first + i], ARGV[g + 1] end
      i = i + 1
    end
  end
  if #begun > 0 then redis.call('HSET', lease, unpack(begun)) end
end
if #ids == 0 then token, leaseEnd = '', '' end
local passed = (before[3] or 0) + taken
if settled > 0 and taken > 0 then
  redis.call('HSET', totals, 'left', left, 'done', done, 'taken', passed, 'epoch', epoch)
elseif settled > 0 then
  redis.call('HSET', totals, 'left', left, 'done', done)
elseif taken > 0 then
  redis.call('HSET', totals, 'taken', passed, 'epoch', epoch)
end
redis.call('HSET', steps, field, ARGV[2] .. '|' .. stamp .. '|' .. token .. '|' .. leaseEnd .. '|')
if more and tokens == 0 then redis.call('RPUSH', wake, '1') end
return { token, more and 1 or 0, ids }
end
local function sound(size, ...)
  local count
  for _, key in ipairs({ ... }) do count = redis.call(size, key) end
  return count
end
local function arm(wake, tokens, length)
  if tokens == 0 and length > 0 then redis.call('RPUSH', wake, '1') end
end
local length = redis.call('LLEN', queued)
local function take(popped, inLine)
local dropped = {}
do
  local entered = redis.call('SMISMEMBER', committed, unpack(popped))
  local due = lazy and redis.call('ZMSCORE', delayed, unpack(popped))
  local raised = lazy and inLine and redis.call('ZMSCORE', prioritized, unpack(popped))
  local good = popped
  for i = 1, #popped do
    if due and due[i] or raised and raised[i] then entered[i] = 0 end
    if entered[i] ~= 1 then dropped[#dropped + 1] = popped[i] end
  end
  if #dropped > 0 then
    good = {}
    for i, id in ipairs(popped) do
      if entered[i] == 1 then good[#good + 1] = id end
    end
  end
  local n, fresh, cells = #good, 0, {}
  if n == 0 then
    redis.call('ZCARD', processing)
  else
    leaseEnd = string.format(WHOLE, ms + term)
    for i = n, 1, -1 do
      cells[2 * (n - i) + 1], cells[2 * (n - i) + 2] = leaseEnd, good[i]
    end
    if n < 8 then
      fresh = redis.call('ZADD', processing, 'NX', unpack(cells))
    else
      local overlong = string.rep('\\255', 65)
      fresh = redis.call('ZADD', processing, 'NX', leaseEnd, overlong, unpack(cells)) - 1
      redis.call('ZREM', processing, overlong)
    end
  end
  if inLine then redis.call('LTRIM', queued, #popped, -1) else redis.call('ZREM', prioritized, unpack(popped)) end
  if fresh < n then
    local held, seen, once = redis.call('HMGET', lease, unpack(good)), {}, {}
    for i, id in ipairs(good) do
      if held[i] or seen[id] then dropped[#dropped + 1] = id else seen[id], once[#once + 1] = true, id end
    end
    good, n = once, #once
    for i = 1, n do cells[2 * (n - i) + 2] = good[i] end
  end
  if n > 0 then
    if token == '' then
      epoch = string.format(WHOLE, math.max(micros, epoch + 1))
      token = epoch .. ':' .. stamp .. ':' .. worker .. ':' .. ARGV[2]
    end
    local ahead = #ids + n > slots and '~' .. token
    for i = 1, n do
      cells[2 * (n - i) + 3] = (#ids + i <= slots) and token or ahead
    end
    redis.call('HSET', lease, unpack(cells, 2, 2 * n + 1))
    if #ids == 0 then ids = good else for _, id in ipairs(good) do ids[#ids + 1] = id end end
  end
end
  return dropped
end
local function dueMark(count, ms) return ms < count.marked or ms >= count.marked + 1000 end
local function mark(marks, place, count, ms)
  if not dueMark(count, ms) then return end
  count.marked = ms
  redis.call('RPUSH', marks, string.format('%.0f:%.0f', place, ms))
  for _ = 1, 100 do
    local second = redis.call('LINDEX', marks, 1)
    if not second or tonumber(string.match(second, '^(-?%d+)')) > count.taken + 1 then return end
    redis.call('LPOP', marks)
  end
end
local function toPrioritized(ids, side)
  if #ids == 0 or redis.call('EXISTS', priority) == 0 then return ids end
  local of, scores, others = redis.call('HMGET', priority, unpack(ids)), {}, {}
  local n = tonumber(redis.call('HGET', totals, 'sequence') or 0)
  for i, id in ipairs(ids) do
    if of[i] then
      n = n + 1
      scores[#scores + 1], scores[#scores + 2] = string.format('%.0f', side * n - of[i] * 1099511627776), id
    else
      others[#others + 1] = id
    end
  end
  if #scores > 0 then
    redis.call('ZADD', prioritized, unpack(scores))
    redis.call('HSET', totals, 'sequence', string.format('%.0f', n))
  end
  return others
end
local function toTail(queued, ghosts, marks, ids, count, ms)
  local length, taken = redis.call('LLEN', queued), {}
  local entries = toPrioritized(ids, 1)
  if #entries == 0 then return length end
  if redis.call('EXISTS', ghosts) == 1 then
    local stale, rest = redis.call('SMISMEMBER', ghosts, unpack(entries)), {}
    for i, id in ipairs(entries) do
      if stale[i] == 1 then taken[#taken + 1] = id else rest[#rest + 1] = id end
    end
    entries = rest
    if #taken > 0 then redis.call('SREM', ghosts, unpack(taken)) end
  end
  if #entries == 0 then return length end
  mark(marks, count.taken + length + 1, count, ms)
  return redis.call('RPUSH', queued, unpack(entries))
end
local function toHead(queued, totals, ids, count)
  local reversed = {}
  for i = #ids, 1, -1 do reversed[#reversed + 1] = ids[i] end
  reversed = toPrioritized(reversed, -1)
  if #reversed == 0 then return end
  redis.call('LPUSH', queued, unpack(reversed))
  count.taken = count.taken - #reversed
  redis.call('HSET', totals, 'returned', (tonumber(redis.call('HGET', totals, 'returned')) or 0) + #reversed)
end
local function promote(delayed, queued, ghosts, marks, count, ms)
  local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', ms, 'LIMIT', 0, 1000)
  if #due > 0 then
    redis.call('ZREM', delayed, unpack(due))
    toTail(queued, ghosts, marks, due, count, ms)
  end
end
local function recordFailures(kept, ids, errors, stays, ms, most)
  if #ids == 0 then return end
  redis.call('HDEL', kept.tries, unpack(ids))
  local before = redis.call('HMGET', kept.failures, unpack(ids))
  local record, place, at, out, travel = {}, {}, {}, {}, {}
  for i, id in ipairs(ids) do
    local times = (before[i] or 0) + 1
    record[#record + 1], record[#record + 2] = id, string.format('%.0f ', ms) .. errors[i]
    if stays[id] then
      travel[#travel + 1], travel[#travel + 2] = id, times
    else
      place[#place + 1], place[#place + 2] = times, id
      at[#at + 1], at[#at + 2] = ms, id
      out[#out + 1] = id
    end
  end
  redis.call('HSET', kept.errors, unpack(record))
  if #travel > 0 then redis.call('HSET', kept.failures, unpack(travel)) end
  if #out == 0 then return end
  redis.call('HDEL', kept.failures, unpack(out))
  redis.call('HDEL', kept.since, unpack(out))
  redis.call('ZADD', kept.failed, unpack(place))
  redis.call('ZADD', kept.failedAt, unpack(at))
  local over = redis.call('ZCARD', kept.failedAt) - most
  if over > 0 then
    local oldest, popped = {}, redis.call('ZPOPMIN', kept.failedAt, math.min(over, 1000))
    for i = 1, #popped, 2 do oldest[#oldest + 1] = popped[i] end
    redis.call('ZREM', kept.failed, unpack(oldest))
    redis.call('HDEL', kept.errors, unpack(oldest))
    redis.call('HDEL', kept.payload, unpack(oldest))
    redis.call('HDEL', kept.priority, unpack(oldest))
  end
end
local function split(list)
  local set, drop = {}, {}
  for i = 1, #list, 2 do
    if list[i + 1] then set[#set + 1], set[#set + 2] = list[i], list[i + 1] else drop[#drop + 1] = list[i] end
  end
  return set, drop
end
local function setTraits(payloads, priorities, births)
  local set, drop = split(payloads)
  if #set > 0 then redis.call('HSET', payload, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', payload, unpack(drop)) end
  set, drop = split(priorities)
  if #set > 0 then redis.call('HSET', priority, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', priority, unpack(drop)) end
  set, drop = split(births)
  if #set > 0 then redis.call('HSET', since, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', since, unpack(drop)) end
end
local function readOwed(text)
  local flag, due, weight, rest = string.match(text, '^(s?)|(%d*)|(-?%d*)|(.*)$')
  return { superseding = flag == 's', due = tonumber(due or '') or 0, weight = tonumber(weight or ''),
    payload = rest ~= nil and rest ~= '' and string.sub(rest, 2) }
end
local function owedText(debt)
  if not (debt.superseding or debt.due > 0 or debt.weight or debt.payload) then return '' end
  return (debt.superseding and 's' or '') .. '|' .. (debt.due > 0 and string.format('%.0f', debt.due) or '') .. '|'
    .. (debt.weight and string.format('%.0f', debt.weight) or '') .. '|' .. (debt.payload and 'p' .. debt.payload or '')
end
local function ends(hold)
  return { ending = {}, forget = {}, failing = {}, texts = {}, stays = {}, head = {}, tail = {}, free = {}, forgotten = {}, later = {}, tries = {}, errors = {},
    payloads = {}, priorities = {}, hold = hold }
end
local function holdFor(to, id, till, ms)
  to.holder, to.hold = to.hold > ms and '' or id, math.max(to.hold, till)
  return 0
end
local function leave(to, id) to.free[#to.free + 1], to.forgotten[#to.forgotten + 1] = id, id end
local function add(list, id, value) list[#list + 1], list[#list + 2] = id, value end
local function runOwed(to, id, debt, ms)
  add(to.payloads, id, debt.payload)
  add(to.priorities, id, debt.weight or false)
  if debt.due > ms then
    add(to.later, debt.due, id)
    return 'delayed'
  end
  to.tail[#to.tail + 1] = id
  return 'queued'
end
local function merge(to, id, debt)
  if not debt then return 0 end
  add(to.payloads, id, debt.payload)
  if debt.weight and debt.weight > tonumber(redis.call('HGET', priority, id) or 0) then add(to.priorities, id, debt.weight) end
  return debt.due
end
local function carryOut(to, count, ms, keepFailed)
  redis.call('ZREM', processing, unpack(to.ending))
  redis.call('HDEL', lease, unpack(to.ending))
  redis.call('SREM', withdrawn, unpack(to.ending))
  redis.call('HDEL', owed, unpack(to.ending))
  redis.call('HDEL', progress, unpack(to.ending))
  if #to.forget > 0 then
    redis.call('HDEL', tries, unpack(to.forget))
    redis.call('HDEL', failures, unpack(to.forget))
    redis.call('HDEL', errors, unpack(to.forget))
  end
  if #to.tries > 0 then redis.call('HSET', tries, unpack(to.tries)) end
  recordFailures({ failed = failed, failedAt = failedAt, failures = failures, errors = errors, tries = tries, payload = payload, priority = priority, since = since },
    to.failing, to.texts, to.stays, ms, keepFailed)
  if #to.errors > 0 then redis.call('HSET', errors, unpack(to.errors)) end
  if #to.free > 0 then count.left = count.left + redis.call('SREM', committed, unpack(to.free)) end
  if #to.forgotten > 0 then
    redis.call('HDEL', payload, unpack(to.forgotten))
    redis.call('HDEL', priority, unpack(to.forgotten))
    redis.call('HDEL', since, unpack(to.forgotten))
  end
  setTraits(to.payloads, to.priorities, {})
  toHead(queued, totals, to.head, count)
  toTail(queued, ghosts, marks, to.tail, count, ms)
  if #to.later > 0 then redis.call('ZADD', delayed, unpack(to.later)) end
  if to.holder then redis.call('HSET', control, 'hold', string.format('%.0f', to.hold), 'holder', to.holder) end
end
local function settleEach(ids, kinds, of, texts, policy, count, to, said, ms)
  local marks, odd, behind = {}, false, 0
  local keeping, until_, remembering, outdated = {}, {}, {}, {}
  for i, id in ipairs(ids) do
    local kind, text = kinds[i], nil
    if kind == 'f' or kind == 't' or kind == 'k' then behind, text = behind + 1, texts[behind + 1] end
    local debt = of.owed[i] and readOwed(of.owed[i])
    if not of.held[i] then
      marks[i], odd, count.lost = '0', true, count.lost + 1
    else
      to.ending[#to.ending + 1] = id
      marks[i] = '1'
      if of.gone[i] == 1 or (debt and debt.superseding and kind ~= 'd' and kind ~= 'k') then
        marks[i], odd = of.gone[i] == 1 and 'w' or 's', true
        to.forget[#to.forget + 1] = id
        if of.gone[i] == 1 then said.withdrawn[#said.withdrawn + 1] = id end
        if debt then runOwed(to, id, debt, ms) else leave(to, id) end
      elseif kind == 'd' or kind == 'k' then
        count.done = count.done + 1
        said.done[#said.done + 1], to.forget[#to.forget + 1] = id, id
        if kind == 'k' then
          local ttl, result = string.match(text, '^(%d+) (.*)$')
          add(keeping, 'r' .. id, string.match(of.held[i], '^~?(%d+)') .. ' ' .. result)
          add(until_, string.format('%.0f', ms + ttl), 'r' .. id)
        else
          outdated[#outdated + 1] = 'r' .. id
        end
        if debt then
          runOwed(to, id, debt, ms)
        else
          leave(to, id)
          if policy.remember > 0 then
            local from = policy.stamped and tonumber(redis.call('HGET', since, id) or ms) or ms
            if from + policy.remember > ms then add(remembering, string.format('%.0f', from + policy.remember), id) end
          end
        end
      elseif kind == 'f' then
        count.failed = count.failed + 1
        said.failed[#said.failed + 1] = id
        to.failing[#to.failing + 1], to.texts[#to.texts + 1] = id, text
        if debt then
          to.stays[id] = true
          runOwed(to, id, debt, ms)
        else
          to.free[#to.free + 1] = id
        end
      else
        local due = merge(to, id, debt)
        if kind == 't' then
          local delay, reason = string.match(text, '^(%d+) (.*)$')
          count.retried = count.retried + 1
          said.retried[#said.retried + 1] = id
          add(to.tries, id, string.format('%.0f:0', tonumber(string.match(of.tries[i] or '0', '^%d+')) + 1))
          add(to.errors, id, string.format('%.0f ', ms) .. reason)
          due = math.max(due, ms + delay)
          if policy.ordered then due, kind = holdFor(to, id, due, ms), 'r' end
        end
        if due > ms then
          add(to.later, string.format('%.0f', due), id)
        elseif kind == 'r' then
          to.head[#to.head + 1] = id
        else
          to.tail[#to.tail + 1] = id
        end
      end
    end
  end
  if #keeping > 0 then
    redis.call('HSET', results, unpack(keeping))
    redis.call('ZADD', kept, unpack(until_))
  end
  if #outdated > 0 and of.results > 0 then
    redis.call('HDEL', results, unpack(outdated))
    redis.call('ZREM', kept, unpack(outdated))
  end
  if #remembering > 0 then redis.call('ZADD', remembered, unpack(remembering)) end
  return marks, odd
end
local function readControl(control, listening, ms, events)
  local held = redis.call('HMGET', control, 'paused', 'hold', 'journal', 'holder')
  local paused, hold, journal = held[1] == '1', tonumber(held[2] or 0), tonumber(held[3] or 0)
  local is = events and journal > 0 and redis.call('TYPE', events).ok
  if is and is ~= 'none' and is ~= 'stream' then error({ err = 'WRONGTYPE ' .. events .. ' holds a ' .. is .. ', not a stream' }) end
  return { paused = paused, hold = hold, holder = held[4], journal = journal, heard = redis.call('GET', listening), blocked = paused or hold > ms, told = {} }
end
local function tell(whole, kind, ids)
  if #ids == 0 or not (whole.heard or whole.journal > 0) then return end
  whole.told[#whole.told + 1] = cjson.encode(kind) .. ',' .. cjson.encode(ids)
end
local function send(whole, totals, events, ms)
  if #whole.told == 0 then return end
  local position = redis.call('HINCRBY', totals, 'position', 1)
  local text = string.format('[%.0f,%.0f,', position, ms) .. table.concat(whole.told, ',') .. ']'
  if whole.journal > 0 then redis.call('XADD', events, 'MAXLEN', whole.journal, string.format('%.0f-0', position), 'm', text) end
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, text) end
end
local function sendNothing(whole, totals, events, ms)
  local position = redis.call('HINCRBY', totals, 'position', 1)
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, string.format('[%.0f,%.0f]', position, ms)) end
end
local function firstDue(delayed) return tonumber(redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]) end
local function earlier(before, after) return after and (not before or after < before) end
local function purge(remembered, kept, results, control, whole, ms)
  if whole.hold > 0 and whole.hold <= ms then redis.call('HDEL', control, 'hold', 'holder') end
  if redis.call('EXISTS', remembered, kept) == 0 then return false end
  local over = redis.call('ZRANGEBYSCORE', remembered, '-inf', ms, 'LIMIT', 0, 1000)
  if #over > 0 then redis.call('ZREM', remembered, unpack(over)) end
  local most = #over
  over = redis.call('ZRANGEBYSCORE', kept, '-inf', ms, 'LIMIT', 0, 1000)
  if #over > 0 then
    redis.call('ZREM', kept, unpack(over))
    redis.call('HDEL', results, unpack(over))
  end
  return math.max(most, #over) == 1000
end
local function noteExtras()
  local some = redis.call('EXISTS', delayed, failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, prioritized,
    since, progress, remembered, kept, control) > 0
  if some == (redis.call('EXISTS', extras) == 1) then return end
  if some then redis.call('SET', extras, '1') else redis.call('DEL', extras) end
end
local function readPolicy(text)
  local remember, stamped, active, max, per, ordered = string.match(text, '^(%d+) ([01]) (%d+) (%d+) (%d+) ([01])$')
  return { remember = tonumber(remember or 0), stamped = stamped == '1', active = tonumber(active or 0), max = tonumber(max or 0),
    per = tonumber(per or 0), ordered = ordered == '1' }
end
local function readRoom(policy, processing, rate, ms)
  local room = { free = math.huge, used = 0 }
  if policy.active > 0 then room.free = math.max(0, policy.active - redis.call('ZCARD', processing)) end
  if policy.max > 0 then
    local start, used = string.match(redis.call('GET', rate) or '', '^(%d+):(%d+)$')
    start, used = tonumber(start or ''), tonumber(used or 0)
    if not start or ms < start or ms >= start + policy.per then start, used = ms, 0 end
    room.window, room.used = start, used
    room.free = math.min(room.free, math.max(0, policy.max - used))
  end
  return room
end
local function countClaims(room, policy, rate, claimed)
  room.used = room.used + claimed
  redis.call('SET', rate, string.format('%.0f:%.0f', room.window, room.used), 'PX', 2 * policy.per)
end
local CARGO = 8388608
local function lade(names, cargo)
  if cargo.laden == nil then cargo.laden = redis.call('EXISTS', payload) == 1 end
  if cargo.full or not cargo.laden then return cargo.full and {} or names end
  local aboard = {}
  for first = 1, #names, 8 do
    local last = math.min(first + 7, #names)
    local bodies = redis.call('HMGET', payload, unpack(names, first, last))
    for i = first, last do
      local body = bodies[i - first + 1]
      local bytes = cargo.bytes + #(body or '')
      cargo.full = bytes > CARGO and cargo.bytes > 0
      if cargo.full then return aboard end
      cargo.bytes, cargo.of[names[i]], aboard[i] = bytes, body, names[i]
    end
  end
  return aboard
end
local count = { left = tonumber(before[1] or 0), done = tonumber(before[2] or 0), taken = tonumber(before[3] or 0),
  failed = tonumber(before[5] or 0), lost = tonumber(before[6] or 0), marked = tonumber(before[7] or 0), retried = 0 }
local answered
if prior then
  local last, token, leaseEnd, result = string.match(prior, '^(%d+)|%d+|([^|]*)|(%d*)|(.*)$')
  last = tonumber(last)
  if last > number then return redis.error_reply('STALE step ' .. ARGV[2] .. ' after ' .. string.format('%.0f', last)) end
  if last == number then answered = { token = token, leaseEnd = leaseEnd, settled = result } end
end
local at = 10
local function list()
  local first, last = span(at)
  local held = last >= first and redis.call('HMGET', lease, unpack(ARGV, first, last)) or {}
  local all, done, i = true, true, 0
  for g = at + 1, first - 1, 3 do
    local token = ARGV[g + 1]
    local ahead = '~' .. token
    if string.byte(token) == 126 then token, ahead = '', '' end
    done = done and ARGV[g] == 'd'
    for _ = 1, tonumber(ARGV[g + 2]) do
      i = i + 1
      if held[i] ~= token and held[i] ~= ahead then held[i], all = false, false end
    end
  end
  return { groups = at, first = first, last = last, held = held, all = all, done = done, ids = function() return { unpack(ARGV, first, last) } end }
end
local settling = list()
at = settling.last + 1
local plain = not lazy and settling.all and settling.done
if settling.last < settling.first then sound('HLEN', lease) else sound('SCARD', committed) end
local tokens = (plain and not answered and length <= claim) and 1 or redis.call('LLEN', wake)
local kinds, texts, whole, policy, soonest, told, keepsakes = {}, {}, nil, nil, nil, nil, 0
if not plain then
  lazy, whole, policy, soonest = true, readControl(control, listening, ms, events), readPolicy(ARGV[9]), firstDue(delayed)
  sound('ZCARD', processing)
  sound('SCARD', committed)
  sound('HLEN', failures, errors, tries, owed, payload, priority, since, progress, results)
  sound('SCARD', withdrawn, ghosts)
  keepsakes = sound('ZCARD', delayed, failed, failedAt, prioritized, remembered, kept)
  sound('LLEN', marks)
  told = redis.call('GET', alarm)
  if policy.max > 0 then redis.call('GET', rate) end
  for g = settling.groups + 1, settling.first - 1, 3 do
    for _ = 1, tonumber(ARGV[g + 2]) do kinds[#kinds + 1] = ARGV[g] end
    if ARGV[g] ~= 'd' and ARGV[g] ~= 'r' then
      for _ = 1, tonumber(ARGV[g + 2]) do texts[#texts + 1], at = ARGV[at], at + 1 end
    end
  end
end
local settled, raised = '', false
if answered then
  settled = answered.settled
elseif settling.last >= settling.first then
  if plain then
    redis.call('ZREM', processing, unpack(ARGV, settling.first, settling.last))
    redis.call('HDEL', lease, unpack(ARGV, settling.first, settling.last))
    count.left = count.left + redis.call('SREM', committed, unpack(ARGV, settling.first, settling.last))
    count.done = count.done + settling.last - settling.first + 1
  else
    local ids = settling.ids()
    local of = {
      held = settling.held,
      results = keepsakes,
      gone = lazy and redis.call('SMISMEMBER', withdrawn, unpack(ids)) or {},
      owed = lazy and redis.call('HMGET', owed, unpack(ids)) or {},
      tries = lazy and redis.call('HMGET', tries, unpack(ids)) or {},
    }
    local to, said = ends(whole.hold), { done = {}, retried = {}, failed = {}, withdrawn = {} }
    local result, odd = settleEach(ids, kinds, of, texts, policy, count, to, said, ms)
    if odd then settled = table.concat(result) end
    if #to.ending > 0 then
      carryOut(to, count, ms, tonumber(keepFailed))
      raised = to.hold > math.max(whole.hold, ms)
      whole.hold, whole.blocked = to.hold, whole.paused or to.hold > ms
    end
    length = redis.call('LLEN', queued)
    for _, kind in ipairs({ 'done', 'retried', 'failed', 'withdrawn' }) do tell(whole, kind, said[kind]) end
  end
end
local renewed = ''
local renewing = list()
at = renewing.last + 1
if renewing.last >= renewing.first then
  local ids = renewing.ids()
  local gone = lazy and redis.call('SMISMEMBER', withdrawn, unpack(ids)) or {}
  local again = lazy and redis.call('HMGET', owed, unpack(ids)) or {}
  local result, odd, live = {}, false, {}
  for i, id in ipairs(ids) do
    if not renewing.held[i] then
      result[i], odd = '0', true
    else
      result[i] = gone[i] == 1 and 'w' or again[i] and (readOwed(again[i]).superseding and 's' or 'o') or '1'
      odd = odd or result[i] ~= '1'
      live[#live + 1], live[#live + 2] = ms + term, id
    end
  end
  if #live > 0 then redis.call('ZADD', processing, 'XX', unpack(live)) end
  if odd then renewed = table.concat(result) end
end
local starting, started = list(), {}
if starting.last >= starting.first then
  local begun, seen = {}, {}
  for i, id in ipairs(starting.ids()) do
    local value = starting.held[i]
    if value and string.sub(value, 1, 1) == '~' and not seen[id] then
      begun[#begun + 1], begun[#begun + 2] = id, string.sub(value, 2)
      seen[id], started[#started + 1] = true, id
    end
  end
  if #begun > 0 then redis.call('HSET', lease, unpack(begun)) end
end
local allowed, room, cargo = claim, {}, nil
local function takePrioritized(low, high, stale)
  while #ids < allowed and stale < 1000 do
    local popped = lade(redis.call('ZRANGEBYSCORE', prioritized, low, high, 'LIMIT', 0, allowed - #ids), cargo)
    if #popped == 0 then break end
    stale = stale + #take(popped, false)
  end
  return stale
end
if lazy then room, cargo = readRoom(policy, processing, rate, ms), { bytes = 0, of = {} } end
if answered then
  token, leaseEnd = answered.token, answered.leaseEnd
  if token ~= '' then
    local same = redis.call('ZRANGEBYSCORE', processing, leaseEnd, leaseEnd)
    local values = #same > 0 and redis.call('HMGET', lease, unpack(same)) or {}
    local ahead = {}
    for i, id in ipairs(same) do
      if values[i] == token then ids[#ids + 1] = id elseif values[i] == '~' .. token then ahead[#ahead + 1] = id end
    end
    for _, id in ipairs(ahead) do ids[#ids + 1] = id end
  end
else
  if lazy then
    purge(remembered, kept, results, control, whole, ms)
    if claim > 0 then promote(delayed, queued, ghosts, marks, count, ms) end
    length = redis.call('LLEN', queued)
    allowed = whole.blocked and 0 or math.min(claim, room.free)
  end
  local stale = 0
  if lazy then stale = takePrioritized('-inf', '(0', stale) end
  while #ids < allowed and length > 0 and stale < 1000 do
    local popped = redis.call('LRANGE', queued, 0, allowed - #ids - 1)
    if lazy then popped = lade(popped, cargo) end
    if #popped == 0 then break end
    length = length - #popped
    count.taken = count.taken + #popped
    local dropped = take(popped, true)
    if #dropped > 0 then
      stale = stale + #dropped
      if lazy then redis.call('SREM', ghosts, unpack(dropped)) end
    end
  end
  if lazy and length == 0 then takePrioritized('(0', '+inf', stale) end
  if #ids == 0 then token, leaseEnd = '', '' end
  if room.window and #ids > 0 then countClaims(room, policy, rate, #ids) end
end
local past, payloads, line, dueIn, nudge = {}, {}, length, -1, false
local open = length > 0
if lazy then
  if #ids > 0 and redis.call('EXISTS', tries) == 1 then
    for i, value in ipairs(redis.call('HMGET', tries, unpack(ids))) do past[i] = value or '' end
  end
  if cargo.laden then
    for i, id in ipairs(ids) do payloads[i] = cargo.of[id] end
  elseif answered and #ids > 0 and redis.call('EXISTS', payload) == 1 then
    payloads = redis.call('HMGET', payload, unpack(ids))
  end
  line = length + redis.call('ZCARD', prioritized)
  local spent = room.window and room.used >= policy.max
  local barred = line > 0 and (whole.blocked or spent)
  open = line > 0 and not barred and (policy.active == 0 or redis.call('ZCARD', processing) < policy.active)
  local first = firstDue(delayed)
  local teller, till = string.match(told or '', '^(%w+):(%d+)$')
  if raised or earlier(soonest, first) then
    teller, nudge = nil, true
    redis.call('DEL', alarm)
  end
  if #ids < claim and not leaving and not whole.paused and (line == 0 or barred) and (not teller or teller == worker or tonumber(till) <= ms) then
    local soon = first or math.huge
    if line > 0 and whole.hold > ms then soon = math.min(soon, whole.hold) end
    if line > 0 and spent then soon = math.min(soon, room.window + policy.per) end
    if soon < math.huge then
      teller = worker
      redis.call('SET', alarm, worker .. string.format(':%.0f', ms + 6000), 'PX', 6000)
      dueIn, nudge = math.max(0, soon - ms), false
    end
  end
  if (not teller or teller == worker or tonumber(till) <= ms) and (leaving or (claim > 0 and #ids == claim)) then
    if teller then redis.call('DEL', alarm) end
    nudge = nudge or first ~= nil or whole.hold > ms or (line > 0 and spent)
  end
  if not answered then
    for i = 1, math.min(slots, #ids) do started[#started + 1] = ids[i] end
  end
  noteExtras()
  tell(whole, 'started', started)
  send(whole, totals, events, ms)
end
if lazy or settled ~= '' or #kinds > 0 then
  redis.call('HSET', totals, 'failed', count.failed, 'lost', count.lost, 'marked', count.marked)
  if count.retried > 0 then redis.call('HINCRBY', totals, 'retried', count.retried) end
end
redis.call('HSET', totals, 'left', count.left, 'done', count.done, 'taken', count.taken, 'epoch', epoch)
if not answered then
  local record = ARGV[2] .. '|' .. stamp .. '|' .. token .. '|' .. leaseEnd .. '|' .. settled
  if leaving then
    redis.call('HSET', steps, worker .. ':0', record, worker .. ':1', record, worker .. ':2', record)
  else
    redis.call('HSET', steps, field, record)
  end
end
arm(wake, tokens, (open or (nudge and not whole.paused)) and 1 or 0)
return { token, open and 1 or 0, ids, settled, renewed, dueIn, past, payloads }`,
  },
  'sweep': {
    keys: ['queued', 'committed', 'processing', 'lease', 'wake', 'totals', 'marks', 'steps', 'guard', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts', 'alarm', 'payload', 'priority', 'prioritized', 'since', 'remembered', 'progress', 'control', 'results', 'kept', 'events', 'listening', 'extras'],
    plain: 9,
    flags: 'allow-oom',
    rights: ['DEL alarm extras', 'EXISTS control delayed errors extras failed failures ghosts kept owed payload prioritized priority progress remembered since tries withdrawn', 'GET listening', 'HDEL control errors failures lease owed payload priority progress results since steps tries', 'HGET guard priority totals', 'HGETALL steps', 'HINCRBY totals', 'HLEN control errors failures lease owed payload priority progress results since steps totals tries', 'HMGET control failures guard lease owed priority totals tries', 'HSCAN steps', 'HSET control errors failures guard payload priority since totals tries', 'LINDEX marks', 'LLEN marks queued wake', 'LPOP marks', 'LPUSH queued', 'RPUSH marks queued wake', 'SCARD committed ghosts withdrawn', 'SET extras', 'SMISMEMBER ghosts withdrawn', 'SPUBLISH events', 'SREM committed ghosts withdrawn', 'TIME', 'TYPE events', 'XADD events', 'ZADD delayed failed failedAt prioritized processing', 'ZCARD delayed failed failedAt kept prioritized processing remembered', 'ZPOPMIN failedAt', 'ZRANGE delayed', 'ZRANGEBYSCORE delayed kept processing remembered', 'ZREM delayed failed kept processing remembered'],
    text: `local queued, committed, processing, lease, wake, totals, marks, steps, guard = unpack(KEYS)
local delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts, alarm = unpack(KEYS, 10)
local payload, priority, prioritized, since, remembered, progress, control, results, kept, events, listening, extras = unpack(KEYS, 20)
local function arm(wake, tokens, length)
  if tokens == 0 and length > 0 then redis.call('RPUSH', wake, '1') end
end
local function dueMark(count, ms) return ms < count.marked or ms >= count.marked + 1000 end
local function mark(marks, place, count, ms)
  if not dueMark(count, ms) then return end
  count.marked = ms
  redis.call('RPUSH', marks, string.format('%.0f:%.0f', place, ms))
  for _ = 1, 100 do
    local second = redis.call('LINDEX', marks, 1)
    if not second or tonumber(string.match(second, '^(-?%d+)')) > count.taken + 1 then return end
    redis.call('LPOP', marks)
  end
end
local function toPrioritized(ids, side)
  if #ids == 0 or redis.call('EXISTS', priority) == 0 then return ids end
  local of, scores, others = redis.call('HMGET', priority, unpack(ids)), {}, {}
  local n = tonumber(redis.call('HGET', totals, 'sequence') or 0)
  for i, id in ipairs(ids) do
    if of[i] then
      n = n + 1
      scores[#scores + 1], scores[#scores + 2] = string.format('%.0f', side * n - of[i] * 1099511627776), id
    else
      others[#others + 1] = id
    end
  end
  if #scores > 0 then
    redis.call('ZADD', prioritized, unpack(scores))
    redis.call('HSET', totals, 'sequence', string.format('%.0f', n))
  end
  return others
end
local function toTail(queued, ghosts, marks, ids, count, ms)
  local length, taken = redis.call('LLEN', queued), {}
  local entries = toPrioritized(ids, 1)
  if #entries == 0 then return length end
  if redis.call('EXISTS', ghosts) == 1 then
    local stale, rest = redis.call('SMISMEMBER', ghosts, unpack(entries)), {}
    for i, id in ipairs(entries) do
      if stale[i] == 1 then taken[#taken + 1] = id else rest[#rest + 1] = id end
    end
    entries = rest
    if #taken > 0 then redis.call('SREM', ghosts, unpack(taken)) end
  end
  if #entries == 0 then return length end
  mark(marks, count.taken + length + 1, count, ms)
  return redis.call('RPUSH', queued, unpack(entries))
end
local function toHead(queued, totals, ids, count)
  local reversed = {}
  for i = #ids, 1, -1 do reversed[#reversed + 1] = ids[i] end
  reversed = toPrioritized(reversed, -1)
  if #reversed == 0 then return end
  redis.call('LPUSH', queued, unpack(reversed))
  count.taken = count.taken - #reversed
  redis.call('HSET', totals, 'returned', (tonumber(redis.call('HGET', totals, 'returned')) or 0) + #reversed)
end
local function promote(delayed, queued, ghosts, marks, count, ms)
  local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', ms, 'LIMIT', 0, 1000)
  if #due > 0 then
    redis.call('ZREM', delayed, unpack(due))
    toTail(queued, ghosts, marks, due, count, ms)
  end
end
local function recordFailures(kept, ids, errors, stays, ms, most)
  if #ids == 0 then return end
  redis.call('HDEL', kept.tries, unpack(ids))
  local before = redis.call('HMGET', kept.failures, unpack(ids))
  local record, place, at, out, travel = {}, {}, {}, {}, {}
  for i, id in ipairs(ids) do
    local times = (before[i] or 0) + 1
    record[#record + 1], record[#record + 2] = id, string.format('%.0f ', ms) .. errors[i]
    if stays[id] then
      travel[#travel + 1], travel[#travel + 2] = id, times
    else
      place[#place + 1], place[#place + 2] = times, id
      at[#at + 1], at[#at + 2] = ms, id
      out[#out + 1] = id
    end
  end
  redis.call('HSET', kept.errors, unpack(record))
  if #travel > 0 then redis.call('HSET', kept.failures, unpack(travel)) end
  if #out == 0 then return end
  redis.call('HDEL', kept.failures, unpack(out))
  redis.call('HDEL', kept.since, unpack(out))
  redis.call('ZADD', kept.failed, unpack(place))
  redis.call('ZADD', kept.failedAt, unpack(at))
  local over = redis.call('ZCARD', kept.failedAt) - most
  if over > 0 then
    local oldest, popped = {}, redis.call('ZPOPMIN', kept.failedAt, math.min(over, 1000))
    for i = 1, #popped, 2 do oldest[#oldest + 1] = popped[i] end
    redis.call('ZREM', kept.failed, unpack(oldest))
    redis.call('HDEL', kept.errors, unpack(oldest))
    redis.call('HDEL', kept.payload, unpack(oldest))
    redis.call('HDEL', kept.priority, unpack(oldest))
  end
end
local function split(list)
  local set, drop = {}, {}
  for i = 1, #list, 2 do
    if list[i + 1] then set[#set + 1], set[#set + 2] = list[i], list[i + 1] else drop[#drop + 1] = list[i] end
  end
  return set, drop
end
local function setTraits(payloads, priorities, births)
  local set, drop = split(payloads)
  if #set > 0 then redis.call('HSET', payload, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', payload, unpack(drop)) end
  set, drop = split(priorities)
  if #set > 0 then redis.call('HSET', priority, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', priority, unpack(drop)) end
  set, drop = split(births)
  if #set > 0 then redis.call('HSET', since, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', since, unpack(drop)) end
end
local function readOwed(text)
  local flag, due, weight, rest = string.match(text, '^(s?)|(%d*)|(-?%d*)|(.*)$')
  return { superseding = flag == 's', due = tonumber(due or '') or 0, weight = tonumber(weight or ''),
    payload = rest ~= nil and rest ~= '' and string.sub(rest, 2) }
end
local function owedText(debt)
  if not (debt.superseding or debt.due > 0 or debt.weight or debt.payload) then return '' end
  return (debt.superseding and 's' or '') .. '|' .. (debt.due > 0 and string.format('%.0f', debt.due) or '') .. '|'
    .. (debt.weight and string.format('%.0f', debt.weight) or '') .. '|' .. (debt.payload and 'p' .. debt.payload or '')
end
local function ends(hold)
  return { ending = {}, forget = {}, failing = {}, texts = {}, stays = {}, head = {}, tail = {}, free = {}, forgotten = {}, later = {}, tries = {}, errors = {},
    payloads = {}, priorities = {}, hold = hold }
end
local function holdFor(to, id, till, ms)
  to.holder, to.hold = to.hold > ms and '' or id, math.max(to.hold, till)
  return 0
end
local function leave(to, id) to.free[#to.free + 1], to.forgotten[#to.forgotten + 1] = id, id end
local function add(list, id, value) list[#list + 1], list[#list + 2] = id, value end
local function runOwed(to, id, debt, ms)
  add(to.payloads, id, debt.payload)
  add(to.priorities, id, debt.weight or false)
  if debt.due > ms then
    add(to.later, debt.due, id)
    return 'delayed'
  end
  to.tail[#to.tail + 1] = id
  return 'queued'
end
local function merge(to, id, debt)
  if not debt then return 0 end
  add(to.payloads, id, debt.payload)
  if debt.weight and debt.weight > tonumber(redis.call('HGET', priority, id) or 0) then add(to.priorities, id, debt.weight) end
  return debt.due
end
local function carryOut(to, count, ms, keepFailed)
  redis.call('ZREM', processing, unpack(to.ending))
  redis.call('HDEL', lease, unpack(to.ending))
  redis.call('SREM', withdrawn, unpack(to.ending))
  redis.call('HDEL', owed, unpack(to.ending))
  redis.call('HDEL', progress, unpack(to.ending))
  if #to.forget > 0 then
    redis.call('HDEL', tries, unpack(to.forget))
    redis.call('HDEL', failures, unpack(to.forget))
    redis.call('HDEL', errors, unpack(to.forget))
  end
  if #to.tries > 0 then redis.call('HSET', tries, unpack(to.tries)) end
  recordFailures({ failed = failed, failedAt = failedAt, failures = failures, errors = errors, tries = tries, payload = payload, priority = priority, since = since },
    to.failing, to.texts, to.stays, ms, keepFailed)
  if #to.errors > 0 then redis.call('HSET', errors, unpack(to.errors)) end
  if #to.free > 0 then count.left = count.left + redis.call('SREM', committed, unpack(to.free)) end
  if #to.forgotten > 0 then
    redis.call('HDEL', payload, unpack(to.forgotten))
    redis.call('HDEL', priority, unpack(to.forgotten))
    redis.call('HDEL', since, unpack(to.forgotten))
  end
  setTraits(to.payloads, to.priorities, {})
  toHead(queued, totals, to.head, count)
  toTail(queued, ghosts, marks, to.tail, count, ms)
  if #to.later > 0 then redis.call('ZADD', delayed, unpack(to.later)) end
  if to.holder then redis.call('HSET', control, 'hold', string.format('%.0f', to.hold), 'holder', to.holder) end
end
local function readControl(control, listening, ms, events)
  local held = redis.call('HMGET', control, 'paused', 'hold', 'journal', 'holder')
  local paused, hold, journal = held[1] == '1', tonumber(held[2] or 0), tonumber(held[3] or 0)
  local is = events and journal > 0 and redis.call('TYPE', events).ok
  if is and is ~= 'none' and is ~= 'stream' then error({ err = 'WRONGTYPE ' .. events .. ' holds a ' .. is .. ', not a stream' }) end
  return { paused = paused, hold = hold, holder = held[4], journal = journal, heard = redis.call('GET', listening), blocked = paused or hold > ms, told = {} }
end
local function tell(whole, kind, ids)
  if #ids == 0 or not (whole.heard or whole.journal > 0) then return end
  whole.told[#whole.told + 1] = cjson.encode(kind) .. ',' .. cjson.encode(ids)
end
local function send(whole, totals, events, ms)
  if #whole.told == 0 then return end
  local position = redis.call('HINCRBY', totals, 'position', 1)
  local text = string.format('[%.0f,%.0f,', position, ms) .. table.concat(whole.told, ',') .. ']'
  if whole.journal > 0 then redis.call('XADD', events, 'MAXLEN', whole.journal, string.format('%.0f-0', position), 'm', text) end
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, text) end
end
local function sendNothing(whole, totals, events, ms)
  local position = redis.call('HINCRBY', totals, 'position', 1)
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, string.format('[%.0f,%.0f]', position, ms)) end
end
local function firstDue(delayed) return tonumber(redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]) end
local function earlier(before, after) return after and (not before or after < before) end
local function purge(remembered, kept, results, control, whole, ms)
  if whole.hold > 0 and whole.hold <= ms then redis.call('HDEL', control, 'hold', 'holder') end
  if redis.call('EXISTS', remembered, kept) == 0 then return false end
  local over = redis.call('ZRANGEBYSCORE', remembered, '-inf', ms, 'LIMIT', 0, 1000)
  if #over > 0 then redis.call('ZREM', remembered, unpack(over)) end
  local most = #over
  over = redis.call('ZRANGEBYSCORE', kept, '-inf', ms, 'LIMIT', 0, 1000)
  if #over > 0 then
    redis.call('ZREM', kept, unpack(over))
    redis.call('HDEL', results, unpack(over))
  end
  return math.max(most, #over) == 1000
end
local function noteExtras()
  local some = redis.call('EXISTS', delayed, failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, prioritized,
    since, progress, remembered, kept, control) > 0
  if some == (redis.call('EXISTS', extras) == 1) then return end
  if some then redis.call('SET', extras, '1') else redis.call('DEL', extras) end
end
local function sound(size, ...)
  local count
  for _, key in ipairs({ ... }) do count = redis.call(size, key) end
  return count
end
local limit, maxJams, keepFailed, term, jitter = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local id, every, ordered = ARGV[7], tonumber(ARGV[8]), ARGV[9] == '1'
local ms = math.floor(now() / 1000)
sound('LLEN', queued, marks)
sound('HLEN', lease, steps, totals, failures, errors, tries, owed, payload, priority, since, progress, control, results)
sound('ZCARD', processing, delayed, failed, failedAt, prioritized, remembered, kept)
sound('SCARD', committed, withdrawn, ghosts)
local tokens = redis.call('LLEN', wake)
local whole, soonest = readControl(control, listening, ms, events), firstDue(delayed)
local seat = redis.call('HMGET', guard, 'holder', 'until', 'at', 'grace')
local holder, till, at, grace = seat[1], tonumber(seat[2] or 0), tonumber(seat[3] or 0), tonumber(seat[4] or 0)
if id ~= '' then
  till = math.min(till, at + math.floor(every * 1.5))
  if holder and holder ~= id and till > ms and at <= ms then return { 0, till - ms, 0 } end
  redis.call('HSET', guard, 'holder', id, 'until', ms + math.floor(every * 1.5))
end
local half = math.floor(term / 2)
if ms < at or ms > at + half then grace = ms + half end
local far = ms < at and redis.call('ZRANGEBYSCORE', processing, string.format('(%.0f', ms + term), '+inf', 'LIMIT', 0, limit) or {}
if #far > 0 then
  local cells = {}
  for i, name in ipairs(far) do cells[2 * i - 1], cells[2 * i] = string.format('%.0f', ms + term), name end
  redis.call('ZADD', processing, 'XX', unpack(cells))
end
redis.call('HSET', guard, 'at', #far == limit and at or ms, 'grace', grace)
local before = redis.call('HMGET', totals, 'left', 'jammed', 'failed', 'taken', 'marked')
local count = { left = tonumber(before[1] or 0), jammed = tonumber(before[2] or 0), failed = tonumber(before[3] or 0),
  taken = tonumber(before[4] or 0), marked = tonumber(before[5] or 0) }
local over = purge(remembered, kept, results, control, whole, ms)
promote(delayed, queued, ghosts, marks, count, ms)
local to, said = ends(whole.hold), { jammed = {}, failed = {} }
local function recover(name, started, past, gone, debt)
  local attempts, jams = string.match(past or '0:0', '^(%d+):(%d+)$')
  jams = tonumber(jams)
  if gone or (debt and debt.superseding) then
    to.forget[#to.forget + 1] = name
    if debt then return jams, runOwed(to, name, debt, ms) end
    leave(to, name)
    return jams, 'absent'
  end
  if started then
    jams, count.jammed = jams + 1, count.jammed + 1
    said.jammed[#said.jammed + 1] = name
    if jams > maxJams then
      to.failing[#to.failing + 1], to.texts[#to.texts + 1] = name, ARGV[6]
      said.failed[#said.failed + 1] = name
      count.failed = count.failed + 1
      if debt then
        to.stays[name] = true
        return jams, runOwed(to, name, debt, ms)
      end
      to.free[#to.free + 1] = name
      return jams, 'failed'
    end
    add(to.tries, name, attempts .. ':' .. string.format('%.0f', jams))
  end
  local due = merge(to, name, debt)
  if started and jams > 1 then
    local later = ms + math.floor(jams * term + jitter * half)
    due = math.max(due, later)
    if ordered then due = holdFor(to, name, due, ms) end
  end
  if due > ms then
    add(to.later, string.format('%.0f', due), name)
    return jams, 'delayed'
  end
  to.head[#to.head + 1] = name
  return jams, 'queued'
end
local lapsed = redis.call('ZRANGEBYSCORE', processing, '-inf', ms, 'LIMIT', 0, limit)
local reply = { 1, 0, (over or #far == limit) and 1 or 0 }
if #lapsed > 0 and grace > ms then
  reply[2] = math.min(grace - ms, math.max(1, math.floor(half / 2)))
elseif #lapsed > 0 then
  local held = redis.call('HMGET', lease, unpack(lapsed))
  local past = redis.call('HMGET', tries, unpack(lapsed))
  local gone = redis.call('SMISMEMBER', withdrawn, unpack(lapsed))
  local again = redis.call('HMGET', owed, unpack(lapsed))
  for i, name in ipairs(lapsed) do
    local token, started = held[i] or '', 1
    if string.sub(token, 1, 1) == '~' then token, started = string.sub(token, 2), 0 end
    to.ending[#to.ending + 1] = name
    local jams, place = recover(name, started == 1, past[i], gone[i] == 1, again[i] and readOwed(again[i]))
    for _, value in ipairs({ name, token, jams, started, place }) do reply[#reply + 1] = value end
  end
  carryOut(to, count, ms, keepFailed)
  if #lapsed == limit then reply[3] = 1 end
end
local records = redis.call('HLEN', steps) <= 500 and redis.call('HGETALL', steps)
if not records then
  local page = redis.call('HSCAN', steps, redis.call('HGET', guard, 'scan') or '0', 'COUNT', 200)
  redis.call('HSET', guard, 'scan', page[1])
  records = page[2]
end
for i = 1, #records, 2 do
  if tonumber(string.match(records[i + 1], '|(%d+)|')) + 3600000 <= ms then redis.call('HDEL', steps, records[i]) end
end
redis.call('HSET', totals, 'left', count.left, 'jammed', count.jammed, 'failed', count.failed, 'taken', count.taken, 'marked', count.marked)
noteExtras()
local nudge = to.hold > math.max(whole.hold, ms) or earlier(soonest, firstDue(delayed))
if nudge then redis.call('DEL', alarm) end
local line = to.hold > ms and 0 or redis.call('LLEN', queued) + redis.call('ZCARD', prioritized)
arm(wake, tokens, (nudge or line > 0) and not whole.paused and 1 or 0)
tell(whole, 'jammed', said.jammed)
tell(whole, 'failed', said.failed)
send(whole, totals, events, ms)
return reply`,
  },
  'wake': {
    keys: ['queued', 'wake', 'prioritized', 'delayed', 'control', 'listening', 'alarm'],
    plain: 7,
    flags: 'allow-oom',
    rights: ['EXISTS delayed', 'GET alarm listening', 'HINCRBY alarm control delayed listening prioritized queued wake', 'HMGET control', 'LLEN queued wake', 'RPUSH wake', 'SPUBLISH events', 'TIME', 'TYPE alarm control delayed listening prioritized queued wake', 'XADD alarm control delayed listening prioritized queued wake', 'ZCARD prioritized'],
    text: `local queued, wake, prioritized, delayed, control, listening, alarm = unpack(KEYS)
local function arm(wake, tokens, length)
  if tokens == 0 and length > 0 then redis.call('RPUSH', wake, '1') end
end
local function readControl(control, listening, ms, events)
  local held = redis.call('HMGET', control, 'paused', 'hold', 'journal', 'holder')
  local paused, hold, journal = held[1] == '1', tonumber(held[2] or 0), tonumber(held[3] or 0)
  local is = events and journal > 0 and redis.call('TYPE', events).ok
  if is and is ~= 'none' and is ~= 'stream' then error({ err = 'WRONGTYPE ' .. events .. ' holds a ' .. is .. ', not a stream' }) end
  return { paused = paused, hold = hold, holder = held[4], journal = journal, heard = redis.call('GET', listening), blocked = paused or hold > ms, told = {} }
end
local function tell(whole, kind, ids)
  if #ids == 0 or not (whole.heard or whole.journal > 0) then return end
  whole.told[#whole.told + 1] = cjson.encode(kind) .. ',' .. cjson.encode(ids)
end
local function send(whole, totals, events, ms)
  if #whole.told == 0 then return end
  local position = redis.call('HINCRBY', totals, 'position', 1)
  local text = string.format('[%.0f,%.0f,', position, ms) .. table.concat(whole.told, ',') .. ']'
  if whole.journal > 0 then redis.call('XADD', events, 'MAXLEN', whole.journal, string.format('%.0f-0', position), 'm', text) end
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, text) end
end
local function sendNothing(whole, totals, events, ms)
  local position = redis.call('HINCRBY', totals, 'position', 1)
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, string.format('[%.0f,%.0f]', position, ms)) end
end
local ms = math.floor(now() / 1000)
local whole = readControl(control, listening, ms)
local till = string.match(redis.call('GET', alarm) or '', ':(%d+)$')
local line = redis.call('LLEN', queued) + redis.call('ZCARD', prioritized) > 0 and not whole.blocked
local untold = (redis.call('EXISTS', delayed) == 1 or whole.hold > ms) and (not till or tonumber(till) <= ms) and not whole.paused
arm(wake, redis.call('LLEN', wake), (line or untold) and 1 or 0)
return 1`,
  },
  'withdraw': {
    keys: ['queued', 'committed', 'processing', 'totals', 'wake', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts', 'payload', 'priority', 'prioritized', 'since', 'remembered', 'control', 'results', 'kept', 'events', 'listening', 'progress', 'extras'],
    plain: 5,
    flags: 'allow-oom',
    rights: ['DEL extras', 'EXISTS control delayed errors extras failed failures ghosts kept owed payload prioritized priority progress remembered since tries withdrawn', 'GET listening', 'HDEL control errors failures owed payload priority results since tries', 'HINCRBY totals', 'HLEN errors failures owed payload priority results since tries', 'HMGET control totals', 'HSET totals', 'LLEN queued wake', 'RPUSH wake', 'SADD ghosts withdrawn', 'SCARD ghosts withdrawn', 'SET extras', 'SMISMEMBER committed', 'SPUBLISH events', 'SREM committed', 'TIME', 'TYPE events', 'XADD events', 'ZCARD failedAt kept prioritized', 'ZMSCORE delayed failed prioritized processing remembered', 'ZREM delayed failed failedAt kept prioritized remembered'],
    text: `local queued, committed, processing, totals, wake = unpack(KEYS)
local delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts = unpack(KEYS, 6)
local payload, priority, prioritized, since, remembered, control, results, kept, events, listening, progress, extras = unpack(KEYS, 15)
local function arm(wake, tokens, length)
  if tokens == 0 and length > 0 then redis.call('RPUSH', wake, '1') end
end
local function readControl(control, listening, ms, events)
  local held = redis.call('HMGET', control, 'paused', 'hold', 'journal', 'holder')
  local paused, hold, journal = held[1] == '1', tonumber(held[2] or 0), tonumber(held[3] or 0)
  local is = events and journal > 0 and redis.call('TYPE', events).ok
  if is and is ~= 'none' and is ~= 'stream' then error({ err = 'WRONGTYPE ' .. events .. ' holds a ' .. is .. ', not a stream' }) end
  return { paused = paused, hold = hold, holder = held[4], journal = journal, heard = redis.call('GET', listening), blocked = paused or hold > ms, told = {} }
end
local function tell(whole, kind, ids)
  if #ids == 0 or not (whole.heard or whole.journal > 0) then return end
  whole.told[#whole.told + 1] = cjson.encode(kind) .. ',' .. cjson.encode(ids)
end
local function send(whole, totals, events, ms)
  if #whole.told == 0 then return end
  local position = redis.call('HINCRBY', totals, 'position', 1)
  local text = string.format('[%.0f,%.0f,', position, ms) .. table.concat(whole.told, ',') .. ']'
  if whole.journal > 0 then redis.call('XADD', events, 'MAXLEN', whole.journal, string.format('%.0f-0', position), 'm', text) end
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, text) end
end
local function sendNothing(whole, totals, events, ms)
  local position = redis.call('HINCRBY', totals, 'position', 1)
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, string.format('[%.0f,%.0f]', position, ms)) end
end
local function noteExtras()
  local some = redis.call('EXISTS', delayed, failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, prioritized,
    since, progress, remembered, kept, control) > 0
  if some == (redis.call('EXISTS', extras) == 1) then return end
  if some then redis.call('SET', extras, '1') else redis.call('DEL', extras) end
end
local function sound(size, ...)
  local count
  for _, key in ipairs({ ... }) do count = redis.call(size, key) end
  return count
end
local ms = math.floor(now() / 1000)
local whole = readControl(control, listening, ms, events)
local from, all = ({ queued = 'q', delayed = 'y', processing = 'p', failed = 'f' })[ARGV[1]], { unpack(ARGV, 2) }
if ARGV[1] ~= '' and not from then return redis.error_reply('STATE unknown') end
local entered = redis.call('SMISMEMBER', committed, unpack(all))
local leased = redis.call('ZMSCORE', processing, unpack(all))
local due = redis.call('ZMSCORE', delayed, unpack(all))
local ranks = redis.call('ZMSCORE', prioritized, unpack(all))
local times = redis.call('ZMSCORE', failed, unpack(all))
local forget = redis.call('ZMSCORE', remembered, unpack(all))
local before, tokens = redis.call('HMGET', totals, 'left', 'withdrawn'), whole.holder and redis.call('LLEN', wake)
sound('LLEN', queued)
sound('HLEN', failures, errors, tries, owed, payload, priority, since, results)
sound('ZCARD', failedAt, kept)
sound('SCARD', withdrawn, ghosts)
local letters, seen, ids, free, stale, marked, out, over, memories, told = {}, {}, {}, {}, {}, {}, {}, {}, {}, {}
local taken, passes = 0, false
for i, id in ipairs(all) do
  local letter = seen[id] or entered[i] == 1 and (leased[i] and 'p' or due[i] and 'y' or 'q')
    or forget[i] and tonumber(forget[i]) > ms and 'm' or times[i] and 'f' or 'a'
  letters[i] = letter
  if not from or letter == from then
    ids[#ids + 1], seen[id] = id, letter == 'p' and 'p' or 'a'
    if letter ~= 'a' then told[#told + 1] = id end
    if letter == 'p' then
      marked[#marked + 1] = id
    elseif letter == 'm' then
      over[#over + 1], memories[#memories + 1], taken = 'r' .. id, id, taken + 1
    elseif letter ~= 'a' then
      out[#out + 1], taken = id, taken + 1
      if letter ~= 'f' then free[#free + 1] = id end
      if letter == 'q' and not ranks[i] then stale[#stale + 1] = id end
      passes = passes or letter == 'q' and id == whole.holder
    end
  end
end
if #ids == 0 then return table.concat(letters) end
if #marked > 0 then taken = taken + redis.call('SADD', withdrawn, unpack(marked)) end
if #stale > 0 then redis.call('SADD', ghosts, unpack(stale)) end
redis.call('ZREM', delayed, unpack(ids))
redis.call('ZREM', prioritized, unpack(ids))
redis.call('ZREM', failed, unpack(ids))
redis.call('ZREM', failedAt, unpack(ids))
redis.call('HDEL', failures, unpack(ids))
redis.call('HDEL', errors, unpack(ids))
redis.call('HDEL', tries, unpack(ids))
if #out > 0 then
  redis.call('HDEL', payload, unpack(out))
  redis.call('HDEL', priority, unpack(out))
end
redis.call('HDEL', since, unpack(ids))
if #over > 0 then
  redis.call('ZREM', remembered, unpack(memories))
  redis.call('HDEL', results, unpack(over))
  redis.call('ZREM', kept, unpack(over))
end
taken = taken + redis.call('HDEL', owed, unpack(ids))
local left = #free > 0 and redis.call('SREM', committed, unpack(free)) or 0
redis.call('HSET', totals, 'left', (before[1] or 0) + left, 'withdrawn', (before[2] or 0) + taken)
if passes then redis.call('HDEL', control, 'hold', 'holder') end
arm(wake, tokens, passes and not whole.paused and redis.call('LLEN', queued) + redis.call('ZCARD', prioritized) or 0)
noteExtras()
tell(whole, 'withdrawn', told)
send(whole, totals, events, ms)
return table.concat(letters)`,
  },
}
