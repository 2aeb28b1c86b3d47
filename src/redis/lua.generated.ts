// Written by lua/inline.mjs from lua/*.lua. Do not edit: change the script and run `npm run build`.

export type ScriptName = 'audit' | 'check' | 'clear' | 'counts' | 'inspect' | 'list' | 'mend' | 'open' | 'publish' | 'step' | 'sweep' | 'wake' | 'withdraw'

export interface LuaScript {
  /** Names of the key table, in the order of KEYS. */
  readonly keys: readonly string[]
  /** For the `#!lua flags=` line, joined by commas; may be empty. */
  readonly flags: string
  /** `COMMAND part …`: what it runs on which keys. */
  readonly rights: readonly string[]
  /** Without `#!lua` and without the clock: the loader writes both. */
  readonly text: string
}

export const LUA: Readonly<Record<ScriptName, LuaScript>> = {
  'audit': {
    keys: ['queued', 'wake', 'totals', 'marks', 'steps', 'meta', 'guard', 'committed', 'processing', 'lease', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts'],
    flags: 'no-writes',
    rights: ['HGET meta', 'HLEN committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn', 'HMGET committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn', 'HSCAN committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn', 'LLEN marks queued wake', 'LRANGE marks queued', 'SCARD committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn', 'SMISMEMBER committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn', 'SSCAN committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn', 'TIME', 'ZCARD committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn', 'ZMSCORE committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn', 'ZSCAN committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn'],
    text: `local queued, wake, totals, marks, steps, meta, guard = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local committed, processing, lease, delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts = KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17], KEYS[18], KEYS[19]
local NAMING = { 'committed', 'processing', 'lease', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts' }
local TYPES = { 'set', 'zset', 'hash', 'zset', 'zset', 'zset', 'hash', 'hash', 'hash', 'set', 'hash', 'set' }
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
  return redis.call('HMGET', key, unpack(ids))
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
local keys = { committed, processing, lease, delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts }
local sizes = sizesOf(keys)
local kept = redis.call('HMGET', totals, 'taken', 'returned')
local taken, back = tonumber(kept[1]) or 0, (tonumber(kept[2]) or 0) - returned
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
for i, name in ipairs(NAMING) do
  if name == part then
    local key, at, found = keys[i], cursor == '' and '0' or cursor, nil
    if TYPES[i] == 'set' then
      found = redis.call('SSCAN', key, at, 'COUNT', limit)
    elseif TYPES[i] == 'zset' then
      found = redis.call('ZSCAN', key, at, 'COUNT', limit)
    else
      found = redis.call('HSCAN', key, at, 'COUNT', limit)
    end
    after = found[1] == '0' and '' or found[1]
    for k = 1, #found[2], TYPES[i] == 'set' and 1 or 2 do
      page[#page + 1] = found[2][k]
      if part == 'lease' then tokens[#tokens + 1] = found[2][k + 1] end
    end
  end
end
if part == 'steps' then
  local found = redis.call('HSCAN', steps, cursor == '' and '0' or cursor, 'COUNT', limit)
  after = found[1] == '0' and '' or found[1]
  for k = 1, #found[2], 2 do
    if oddStep(found[2][k + 1]) then page[#page + 1] = found[2][k] end
  end
elseif part == 'marks' then
  local at = tonumber(cursor) or 0
  local window = redis.call('LRANGE', marks, at, at + limit)
  page = oddMarks(window, taken + length)
  if #window > limit then after = string.format('%.0f', at + limit) end
end
local seat = redis.call('HMGET', guard, 'until', 'at', 'grace')
return {
  math.floor(now() / 1000), sizes, length, redis.call('LLEN', wake), redis.call('LLEN', marks),
  redis.call('HGET', meta, 'layout') or '', oddSeat(seat) and 0 or 1, redis.call('HMGET', totals, unpack(ARGV, 6)),
  head, parts(head), string.format('%.0f', taken + 1 + first), line, parts(line), page, parts(page), tokens, after,
}`,
  },
  'check': {
    keys: ['meta', 'queued', 'committed', 'processing', 'lease', 'wake', 'totals', 'marks', 'steps', 'guard', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts', 'alarm'],
    flags: 'no-writes',
    rights: ['HMGET meta', 'TYPE alarm committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn'],
    text: `local meta = KEYS[1]
local keys = {}
local alone = { EXISTS = {}, UNLINK = {}, BLPOP = { '0' } }
for _, key in ipairs(KEYS) do keys[string.match(key, '%a+$')] = key end
for i = #KEYS + 3, #ARGV do
  local command, parts = string.match(ARGV[i], '^(%u+)(.*)$')
  for part in string.gmatch(parts == '' and '0' or parts, '%w+') do
    local on = keys[part] and ' on ' .. keys[part] or ''
    if not redis.acl_check_cmd(command, keys[part] or '0', unpack(alone[command] or { '0', '0' })) then
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
    keys: ['queued', 'committed', 'processing', 'totals', 'wake', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'owed', 'ghosts'],
    flags: 'allow-oom',
    rights: ['HLEN owed', 'HMGET totals', 'HSET totals', 'LLEN queued', 'SADD committed', 'SCARD committed', 'UNLINK committed delayed errors failed failedAt failures ghosts owed queued tries wake', 'ZCARD failed', 'ZRANGE processing'],
    text: `local queued, committed, processing, totals, wake = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local delayed, failed, failedAt, failures, errors, tries, owed, ghosts = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13]
local running = redis.call('ZRANGE', processing, 0, -1)
local waiting = redis.call('SCARD', committed) - #running
local count = waiting + redis.call('ZCARD', failed) + redis.call('HLEN', owed)
local kept = redis.call('HMGET', totals, 'left', 'withdrawn', 'taken')
redis.call('HSET', totals, 'left', (kept[1] or 0) + waiting, 'withdrawn', (kept[2] or 0) + count,
  'taken', (kept[3] or 0) + redis.call('LLEN', queued))
redis.call('UNLINK', queued, committed, wake, delayed, failed, failedAt, failures, errors, tries, owed, ghosts)
for i = 1, #running, 1000 do redis.call('SADD', committed, unpack(running, i, math.min(i + 999, #running))) end
return count`,
  },
  'counts': {
    keys: ['committed', 'processing', 'lease', 'delayed', 'failed', 'totals', 'marks'],
    flags: 'no-writes',
    rights: ['HGET totals', 'HMGET lease totals', 'LINDEX marks', 'LLEN marks', 'SCARD committed', 'TIME', 'ZCARD delayed failed processing', 'ZRANGE processing'],
    text: `local committed, processing, lease, delayed, failed, totals, marks = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local all, running, waiting, lost = redis.call('SCARD', committed), redis.call('ZCARD', processing), redis.call('ZCARD', delayed), redis.call('ZCARD', failed)
local since, late = -1, -1
local first = redis.call('ZRANGE', processing, 0, 999)
if #first > 0 then
  for _, token in ipairs(redis.call('HMGET', lease, unpack(first))) do
    local at = token and tonumber(string.match(token, '^%d+:(%d+):'))
    if at and (since == -1 or at < since) then since = at end
  end
end
if all - running - waiting > 0 then
  local place = tonumber(redis.call('HGET', totals, 'taken') or 0) + 1
  local low, high = 0, redis.call('LLEN', marks) - 1
  while low < high do
    local middle = math.ceil((low + high) / 2)
    local at = tonumber(string.match(redis.call('LINDEX', marks, middle), '^(-?%d+)'))
    if at <= place then low = middle else high = middle - 1 end
  end
  late = tonumber(string.match(redis.call('LINDEX', marks, low) or '', ':(%d+)$') or -1)
end
return { math.floor(now() / 1000), all, running, waiting, lost, since, running > 1000 and 1 or 0, late, redis.call('HMGET', totals, unpack(ARGV)) }`,
  },
  'inspect': {
    keys: ['committed', 'processing', 'lease', 'delayed', 'failed', 'failures', 'errors', 'tries', 'withdrawn', 'owed'],
    flags: 'no-writes',
    rights: ['HMGET errors failures lease owed tries', 'SMISMEMBER committed withdrawn', 'ZMSCORE delayed failed processing'],
    text: `local committed, processing, lease, delayed, failed, failures, errors, tries, withdrawn, owed = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
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
}`,
  },
  'list': {
    keys: ['queued', 'committed', 'processing', 'delayed', 'failedAt'],
    flags: 'no-writes',
    rights: ['LLEN queued', 'LRANGE queued', 'SMISMEMBER committed', 'ZCARD committed delayed failedAt processing queued', 'ZMSCORE delayed processing', 'ZRANGE committed delayed failedAt processing queued'],
    text: `local queued, committed, processing, delayed, failedAt = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local state, first, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local last = first + limit - 1
local size, reply
if state == 'queued' then
  size, reply = redis.call('LLEN', queued), { -1 }
  local window = redis.call('LRANGE', queued, first, last)
  if #window > 0 then
    local entered = redis.call('SMISMEMBER', committed, unpack(window))
    local leased = redis.call('ZMSCORE', processing, unpack(window))
    local due = redis.call('ZMSCORE', delayed, unpack(window))
    for i, id in ipairs(window) do
      if entered[i] == 1 and not leased[i] and not due[i] then reply[#reply + 1] = id end
    end
  end
else
  local key = state == 'processing' and processing or state == 'delayed' and delayed or failedAt
  size, reply = redis.call('ZCARD', key), redis.call('ZRANGE', key, first, last)
  table.insert(reply, 1, -1)
end
if last + 1 < size then reply[1] = last + 1 end
return reply`,
  },
  'mend': {
    keys: ['queued', 'wake', 'totals', 'marks', 'steps', 'meta', 'guard', 'committed', 'processing', 'lease', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts'],
    flags: '',
    rights: ['EXISTS ghosts marks', 'HDEL errors failures owed steps totals tries', 'HGET meta steps totals', 'HGETALL totals', 'HLEN committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn', 'HMGET committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn', 'HSET errors failures lease meta totals', 'LINDEX marks queued', 'LLEN marks queued wake', 'LPOP marks', 'LPUSH queued', 'LSET queued', 'RPUSH marks queued wake', 'SADD committed', 'SCARD committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn', 'SMISMEMBER committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn', 'SREM ghosts withdrawn', 'TIME', 'UNLINK guard marks', 'ZADD failed failedAt processing', 'ZCARD committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn', 'ZMSCORE committed delayed errors failed failedAt failures ghosts guard lease marks meta owed processing queued steps totals tries wake withdrawn', 'ZRANGEBYSCORE delayed', 'ZREM delayed failed failedAt'],
    text: `local queued, wake, totals, marks, steps, meta, guard = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local committed, processing, lease, delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts = KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17], KEYS[18], KEYS[19]
local NAMING = { 'committed', 'processing', 'lease', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts' }
local TYPES = { 'set', 'zset', 'hash', 'zset', 'zset', 'zset', 'hash', 'hash', 'hash', 'set', 'hash', 'set' }
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
  return redis.call('HMGET', key, unpack(ids))
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
local function arm(wake, tokens, length)
  if tokens == 0 and length > 0 then redis.call('RPUSH', wake, '1') end
end
local function toTail(queued, ghosts, marks, ids, count, ms)
  local length, entries, taken = redis.call('LLEN', queued), ids, {}
  if #ids == 0 then return length end
  if redis.call('EXISTS', ghosts) == 1 then
    local stale = redis.call('SMISMEMBER', ghosts, unpack(ids))
    entries = {}
    for i, id in ipairs(ids) do
      if stale[i] == 1 then taken[#taken + 1] = id else entries[#entries + 1] = id end
    end
    if #taken > 0 then redis.call('SREM', ghosts, unpack(taken)) end
  end
  if #entries == 0 then return length end
  mark(marks, count.taken + length + 1, count, ms)
  return redis.call('RPUSH', queued, unpack(entries))
end
local function toHead(queued, totals, ids, count)
  if #ids == 0 then return end
  local reversed = {}
  for i = #ids, 1, -1 do reversed[#reversed + 1] = ids[i] end
  redis.call('LPUSH', queued, unpack(reversed))
  count.taken = count.taken - #ids
  redis.call('HSET', totals, 'returned', (tonumber(redis.call('HGET', totals, 'returned')) or 0) + #ids)
end
local function promote(delayed, queued, ghosts, marks, count, ms)
  local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', ms, 'LIMIT', 0, 1000)
  if #due > 0 then
    redis.call('ZREM', delayed, unpack(due))
    toTail(queued, ghosts, marks, due, count, ms)
  end
end
local function sound(size, ...)
  for _, key in ipairs({ ... }) do redis.call(size, key) end
end
if not redis.acl_check_cmd('LSET', queued, '0', '0') then
  return redis.error_reply('NOPERM this user may not run LSET on ' .. queued .. ', which a repair needs')
end
local term, note, epoch = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local ms = math.floor(now() / 1000)
local keys = { committed, processing, lease, delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts }
local sizes = sizesOf(keys)
local ids = {}
for i = 8, #ARGV, 4 do ids[#ids + 1] = ARGV[i + 1] end
local held = lookUp(keys, sizes, ids)
local kept = redis.call('HMGET', totals, 'entered', 'left', 'taken', 'marked', 'epoch')
local entered, left = tonumber(kept[1]) or 0, tonumber(kept[2]) or 0
local count = { taken = tonumber(kept[3]) or 0, marked = tonumber(kept[4]) or 0 }
local tokens, length = redis.call('LLEN', wake), redis.call('LLEN', queued)
sound('LLEN', marks)
sound('HLEN', steps, meta, guard)
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
  local n, e, t, w, o, g = in_(7), in_(8), in_(9), in_(10), in_(11), in_(12)
  if how == 'commit' and (c or p or l or d or f or a or g or entry(place) ~= id) then return end
  local alone = o and not (c or p or l or d)
  if c or p or l or d or o or how == 'commit' then
    if not c then commit(id) end
    if l and not p then write(redis.call('ZADD', processing, ms + term, id)) end
    if p and not l then write(redis.call('HSET', lease, id, string.format('%.0f:%.0f:audit:0', tonumber(kept[5]) or 0, ms))) end
    p = p or l
    if p and d then write(redis.call('ZREM', delayed, id)) end
    if f or a then
      if not n then write(redis.call('HSET', failures, id, f or 1)) end
      write(redis.call('ZREM', failed, id))
      write(redis.call('ZREM', failedAt, id))
      n = true
    end
    if e and not n then write(redis.call('HSET', failures, id, 1)) end
    if n and not e then write(redis.call('HSET', errors, id, string.format('%.0f ', ms) .. note)) end
    if g then write(redis.call('SREM', ghosts, id)) end
    if not p then
      if w then write(redis.call('SREM', withdrawn, id)) end
      if o then write(redis.call('HDEL', owed, id)) end
      if not d and (how == 'push' or alone) then tail[#tail + 1], wrote = id, true end
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
end
local mended, whole = {}, {}
for i, id in ipairs(ids) do
  local at = 4 + 4 * i
  local how, place, twin = ARGV[at], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  wrote = false
  if how == 'blank' then
    local elsewhere = held[2][i] or held[3][i] or held[4][i]
    local waits = held[1][i] and not elsewhere
    local marked = held[12][i] and not (held[1][i] or elsewhere or held[11][i])
    local double = twin and twin ~= place and entry(twin) == id
    if entry(place) == id and (double or not (waits or marked)) then
      write(redis.call('LSET', queued, place - count.taken - 1, ''))
    end
  elseif how == 'forget' then
    local record = redis.call('HGET', steps, id)
    if record and oddStep(record) then write(redis.call('HDEL', steps, id)) end
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
matter(epoch > (tonumber(kept[5]) or 0), function() redis.call('HSET', totals, 'epoch', ARGV[3]) end)
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
matter(tokens == 0 and length > 0, function() end)
arm(wake, tokens, length)
return { table.concat(mended), table.concat(whole) }`,
  },
  'open': {
    keys: ['meta'],
    flags: '',
    rights: ['HMGET meta', 'HSET meta'],
    text: `local meta = KEYS[1]
local was = redis.call('HMGET', meta, 'layout', 'digest')
if was[1] and was[1] ~= ARGV[1] then
  return redis.error_reply('WRONGLAYOUT this queue has layout ' .. was[1] .. ', this version of convoy-queue writes ' .. ARGV[1])
end
if was[2] == ARGV[2] then return '' end
redis.call('HSET', meta, 'layout', ARGV[1], 'digest', ARGV[2])
return was[2] or ''`,
  },
  'publish': {
    keys: ['queued', 'committed', 'processing', 'wake', 'totals', 'marks', 'delayed', 'failed', 'failedAt', 'failures', 'withdrawn', 'owed', 'ghosts'],
    flags: '',
    rights: ['EXISTS delayed failed ghosts withdrawn', 'HLEN failures owed', 'HMGET totals', 'HSET failures totals', 'HSETNX owed', 'LINDEX marks', 'LLEN marks queued wake', 'LPOP marks', 'RPUSH marks queued wake', 'SADD committed', 'SCARD ghosts withdrawn', 'SMISMEMBER committed ghosts withdrawn', 'SREM ghosts', 'TIME', 'ZCARD delayed failed failedAt processing', 'ZMSCORE delayed failed processing', 'ZREM failed failedAt'],
    text: `local queued, committed, processing, wake, totals, marks = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local delayed, failed, failedAt, failures, withdrawn, owed, ghosts = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13]
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
local function arm(wake, tokens, length)
  if tokens == 0 and length > 0 then redis.call('RPUSH', wake, '1') end
end
local function sound(size, ...)
  for _, key in ipairs({ ... }) do redis.call(size, key) end
end
if ARGV[1] ~= 'discard' then return redis.error_reply('POLICY unknown') end
local n = #ARGV - 1
local lazy = redis.call('EXISTS', delayed, failed, withdrawn, ghosts) > 0
local length = redis.call('LLEN', queued)
local kept = redis.call('HMGET', totals, 'entered', 'published', 'duplicates', 'taken', 'marked')
local count = { taken = tonumber(kept[4] or 0), marked = tonumber(kept[5] or 0) }
local tokens = redis.call('LLEN', wake)
if lazy then
  sound('LLEN', marks)
  sound('HLEN', failures, owed)
  sound('ZCARD', processing, delayed, failed, failedAt)
  sound('SCARD', withdrawn, ghosts)
end
local added, known
if n > 1 then known = redis.call('SMISMEMBER', committed, unpack(ARGV, 2)) end
local ms = math.floor(now() / 1000)
if dueMark(count, ms) then sound('LLEN', marks) end
if n == 1 then
  added = redis.call('SADD', committed, ARGV[2])
  known = { 1 - added }
end
local plain = not lazy
for i = 1, n do
  if known[i] == 1 then
    plain = false
    break
  end
end
if plain then
  added = added or redis.call('SADD', committed, unpack(ARGV, 2))
  if added == n then
    mark(marks, count.taken + length + 1, count, ms)
    length = redis.call('RPUSH', queued, unpack(ARGV, 2))
    redis.call('HSET', totals, 'entered', (kept[1] or 0) + n, 'published', (kept[2] or 0) + n, 'marked', count.marked)
    arm(wake, tokens, length)
    return string.rep('q', n)
  end
end
local letters, places, fresh, met = {}, {}, {}, {}
for i = 1, n do
  if known[i] == 1 then
    met[#met + 1], places[#places + 1] = ARGV[i + 1], i
  else
    fresh[#fresh + 1], letters[i] = ARGV[i + 1], 'q'
  end
end
local reruns = 0
if #met > 0 then
  local leased = redis.call('ZMSCORE', processing, unpack(met))
  local due = lazy and redis.call('ZMSCORE', delayed, unpack(met))
  local gone = lazy and redis.call('SMISMEMBER', withdrawn, unpack(met))
  for k, id in ipairs(met) do
    local letter = 'd'
    if leased[k] then
      letter = 'p'
      if gone and gone[k] == 1 then
        letter = redis.call('HSETNX', owed, id, '') == 1 and 'r' or 'o'
        if letter == 'r' then reruns = reruns + 1 end
      end
    elseif due and due[k] then
      letter = 'y'
    end
    letters[places[k]] = letter
  end
end
added = added or (#fresh > 0 and redis.call('SADD', committed, unpack(fresh)) or 0)
if added < #fresh then
  local seen, once = {}, {}
  for i = 1, n do
    if letters[i] == 'q' then
      local id = ARGV[i + 1]
      if seen[id] then letters[i] = 'd' else seen[id], once[#once + 1] = true, id end
    end
  end
  fresh = once
end
local entries = fresh
if lazy and #fresh > 0 then
  local times = redis.call('ZMSCORE', failed, unpack(fresh))
  local stale = redis.call('SMISMEMBER', ghosts, unpack(fresh))
  local revived, counts, taken, k = {}, {}, {}, 0
  entries = {}
  for i = 1, n do
    if letters[i] == 'q' then
      k = k + 1
      local id = fresh[k]
      if times[k] then
        letters[i], revived[#revived + 1] = 'f', id
        counts[#counts + 1], counts[#counts + 2] = id, times[k]
      end
      if stale[k] == 1 then taken[#taken + 1] = id else entries[#entries + 1] = id end
    end
  end
  if #taken > 0 then redis.call('SREM', ghosts, unpack(taken)) end
  if #revived > 0 then
    redis.call('HSET', failures, unpack(counts))
    redis.call('ZREM', failed, unpack(revived))
    redis.call('ZREM', failedAt, unpack(revived))
  end
end
if #entries > 0 then
  mark(marks, count.taken + length + 1, count, ms)
  length = redis.call('RPUSH', queued, unpack(entries))
end
redis.call('HSET', totals, 'entered', (kept[1] or 0) + added, 'published', (kept[2] or 0) + n,
  'duplicates', (kept[3] or 0) + n - added - reruns, 'marked', count.marked)
if #fresh > 0 then arm(wake, tokens, length) end
return table.concat(letters)`,
  },
  'step': {
    keys: ['queued', 'committed', 'processing', 'lease', 'wake', 'totals', 'marks', 'steps', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts', 'alarm'],
    flags: 'allow-oom',
    rights: ['EXISTS delayed errors failures ghosts owed tries withdrawn', 'GET alarm', 'HDEL errors failures lease owed tries', 'HGET steps totals', 'HLEN errors failures lease owed tries', 'HMGET failures lease owed totals tries', 'HSET errors failures lease steps totals', 'LINDEX marks', 'LLEN marks queued wake', 'LPOP marks', 'LPUSH queued', 'LRANGE queued', 'LTRIM queued', 'RPUSH marks queued wake', 'SCARD committed ghosts withdrawn', 'SET alarm', 'SMISMEMBER committed ghosts withdrawn', 'SREM committed ghosts withdrawn', 'TIME', 'ZADD failed failedAt processing', 'ZCARD delayed failed failedAt processing', 'ZMSCORE delayed', 'ZPOPMIN failedAt', 'ZRANGE delayed', 'ZRANGEBYSCORE delayed processing', 'ZREM delayed failed processing'],
    text: `local queued, committed, processing, lease, wake, totals, marks, steps = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts, alarm = KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17], KEYS[18]
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
local function arm(wake, tokens, length)
  if tokens == 0 and length > 0 then redis.call('RPUSH', wake, '1') end
end
local function toTail(queued, ghosts, marks, ids, count, ms)
  local length, entries, taken = redis.call('LLEN', queued), ids, {}
  if #ids == 0 then return length end
  if redis.call('EXISTS', ghosts) == 1 then
    local stale = redis.call('SMISMEMBER', ghosts, unpack(ids))
    entries = {}
    for i, id in ipairs(ids) do
      if stale[i] == 1 then taken[#taken + 1] = id else entries[#entries + 1] = id end
    end
    if #taken > 0 then redis.call('SREM', ghosts, unpack(taken)) end
  end
  if #entries == 0 then return length end
  mark(marks, count.taken + length + 1, count, ms)
  return redis.call('RPUSH', queued, unpack(entries))
end
local function toHead(queued, totals, ids, count)
  if #ids == 0 then return end
  local reversed = {}
  for i = #ids, 1, -1 do reversed[#reversed + 1] = ids[i] end
  redis.call('LPUSH', queued, unpack(reversed))
  count.taken = count.taken - #ids
  redis.call('HSET', totals, 'returned', (tonumber(redis.call('HGET', totals, 'returned')) or 0) + #ids)
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
  redis.call('ZADD', kept.failed, unpack(place))
  redis.call('ZADD', kept.failedAt, unpack(at))
  local over = redis.call('ZCARD', kept.failedAt) - most
  if over > 0 then
    local oldest, popped = {}, redis.call('ZPOPMIN', kept.failedAt, math.min(over, 1000))
    for i = 1, #popped, 2 do oldest[#oldest + 1] = popped[i] end
    redis.call('ZREM', kept.failed, unpack(oldest))
    redis.call('HDEL', kept.errors, unpack(oldest))
  end
end
local function settleEach(ids, kinds, accepted, gone, again, errors, count, to)
  local marks, odd, failed = {}, false, 0
  for i, id in ipairs(ids) do
    local kind = kinds[i]
    local text = nil
    if kind == 'f' then failed, text = failed + 1, errors[failed + 1] end
    if not accepted[i] then
      marks[i], odd, count.lost = '0', true, count.lost + 1
    else
      marks[i] = '1'
      to.ending[#to.ending + 1] = id
      if gone[i] == 1 then
        marks[i], odd = 'w', true
        to.forget[#to.forget + 1] = id
      elseif kind == 'd' then
        count.done = count.done + 1
        to.forget[#to.forget + 1] = id
      elseif kind == 'f' then
        count.failed = count.failed + 1
        to.failing[#to.failing + 1], to.texts[#to.texts + 1] = id, text
      end
      if kind == 'r' and marks[i] == '1' then
        to.head[#to.head + 1] = id
      elseif again[i] then
        to.stays[id], to.tail[#to.tail + 1] = true, id
      else
        to.free[#to.free + 1] = id
      end
    end
  end
  return marks, odd
end
local function sound(size, ...)
  for _, key in ipairs({ ... }) do redis.call(size, key) end
end
local worker, number, lane, term, keepFailed = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local claim, slots, leaving = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8] == '1'
local micros = now()
local ms = math.floor(micros / 1000)
local field = worker .. ':' .. lane
local prior = redis.call('HGET', steps, field)
local kept = redis.call('HMGET', totals, 'left', 'done', 'failed', 'lost', 'taken', 'marked', 'epoch')
local count = { left = tonumber(kept[1] or 0), done = tonumber(kept[2] or 0), failed = tonumber(kept[3] or 0),
  lost = tonumber(kept[4] or 0), taken = tonumber(kept[5] or 0), marked = tonumber(kept[6] or 0) }
local length = redis.call('LLEN', queued)
local lazy = redis.call('EXISTS', delayed, failures, errors, tries, withdrawn, owed) > 0
if lazy then
  sound('ZCARD', processing)
  sound('SCARD', committed)
  sound('HLEN', failures, errors, tries, owed)
  sound('SCARD', withdrawn, ghosts)
  sound('ZCARD', delayed, failed, failedAt)
  sound('LLEN', marks)
end
local answered
if prior then
  local last, token, leaseEnd, result = string.match(prior, '^(%d+)|%d+|([^|]*)|(%d*)|(.*)$')
  last = tonumber(last)
  if last > number then return redis.error_reply('STALE step ' .. ARGV[2] .. ' after ' .. string.format('%.0f', last)) end
  if last == number then answered = { token = token, leaseEnd = leaseEnd, settled = result } end
end
local at = 9
local function list()
  local groups = tonumber(ARGV[at])
  local first, last = at + 1 + 3 * groups, at + 3 * groups
  for g = at + 1, at + 3 * groups, 3 do last = last + tonumber(ARGV[g + 2]) end
  local held = last >= first and redis.call('HMGET', lease, unpack(ARGV, first, last)) or {}
  local all, done, i = true, true, 0
  for g = at + 1, at + 3 * groups, 3 do
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
local kinds, texts = {}, {}
if not plain then
  for g = settling.groups + 1, settling.first - 1, 3 do
    for _ = 1, tonumber(ARGV[g + 2]) do kinds[#kinds + 1] = ARGV[g] end
    if ARGV[g] == 'f' then
      for _ = 1, tonumber(ARGV[g + 2]) do texts[#texts + 1], at = ARGV[at], at + 1 end
    end
  end
end
local settled = ''
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
    for i = #kinds + 1, #ids do kinds[i] = 'd' end
    local gone = lazy and redis.call('SMISMEMBER', withdrawn, unpack(ids)) or {}
    local again = lazy and redis.call('HMGET', owed, unpack(ids)) or {}
    local to = { ending = {}, forget = {}, failing = {}, texts = {}, head = {}, tail = {}, free = {}, stays = {} }
    local result, odd = settleEach(ids, kinds, settling.held, gone, again, texts, count, to)
    if odd then settled = table.concat(result) end
    if #to.ending > 0 then
      redis.call('ZREM', processing, unpack(to.ending))
      redis.call('HDEL', lease, unpack(to.ending))
      redis.call('SREM', withdrawn, unpack(to.ending))
      redis.call('HDEL', owed, unpack(to.ending))
    end
    if #to.failing > 0 then redis.call('HDEL', tries, unpack(to.failing)) end
    if #to.forget > 0 then
      redis.call('HDEL', tries, unpack(to.forget))
      redis.call('HDEL', failures, unpack(to.forget))
      redis.call('HDEL', errors, unpack(to.forget))
    end
    recordFailures({ failed = failed, failedAt = failedAt, failures = failures, errors = errors }, to.failing, to.texts, to.stays, ms, keepFailed)
    if #to.free > 0 then count.left = count.left + redis.call('SREM', committed, unpack(to.free)) end
    toHead(queued, totals, to.head, count)
    length = toTail(queued, ghosts, marks, to.tail, count, ms)
  end
end
local renewed = ''
local renewing = list()
at = renewing.last + 1
if renewing.last >= renewing.first then
  local ids = renewing.ids()
  local gone = lazy and redis.call('SMISMEMBER', withdrawn, unpack(ids)) or {}
  local result, odd, live = {}, false, {}
  for i, id in ipairs(ids) do
    if not renewing.held[i] then
      result[i], odd = '0', true
    else
      result[i] = gone[i] == 1 and 'w' or '1'
      odd = odd or gone[i] == 1
      live[#live + 1], live[#live + 2] = ms + term, id
    end
  end
  if #live > 0 then redis.call('ZADD', processing, 'XX', unpack(live)) end
  if odd then renewed = table.concat(result) end
end
local starting = list()
if starting.last >= starting.first then
  local begun = {}
  for i, id in ipairs(starting.ids()) do
    local value = starting.held[i]
    if value and string.sub(value, 1, 1) == '~' then begun[#begun + 1], begun[#begun + 2] = id, string.sub(value, 2) end
  end
  if #begun > 0 then redis.call('HSET', lease, unpack(begun)) end
end
local token, leaseEnd, ids = '', '', {}
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
  if lazy and claim > 0 then
    promote(delayed, queued, ghosts, marks, count, ms)
    length = redis.call('LLEN', queued)
  end
  local stale = 0
  while #ids < claim and length > 0 and stale < 1000 do
    local popped = redis.call('LRANGE', queued, 0, claim - #ids - 1)
    length = length - #popped
    count.taken = count.taken + #popped
    local entered = redis.call('SMISMEMBER', committed, unpack(popped))
    local due = lazy and redis.call('ZMSCORE', delayed, unpack(popped)) or {}
    local good, dropped = popped, {}
    for i = 1, #popped do
      if entered[i] ~= 1 or due[i] then dropped[#dropped + 1] = popped[i] end
    end
    if #dropped > 0 then
      good = {}
      for i, id in ipairs(popped) do
        if entered[i] == 1 and not due[i] then good[#good + 1] = id end
      end
    end
    if #good > 0 then
      if token == '' then
        local epoch = math.max(micros, (kept[7] or 0) + 1)
        kept[7], leaseEnd = string.format('%.0f', epoch), string.format('%.0f', ms + term)
        token = kept[7] .. ':' .. string.format('%.0f', ms) .. ':' .. worker .. ':' .. ARGV[2]
      end
      local scores, n = {}, #good
      for i = n, 1, -1 do
        scores[2 * (n - i) + 1], scores[2 * (n - i) + 2] = leaseEnd, good[i]
      end
      local fresh = redis.call('ZADD', processing, 'NX', unpack(scores))
      redis.call('LTRIM', queued, #popped, -1)
      if fresh < n then
        local held, seen, once = redis.call('HMGET', lease, unpack(good)), {}, {}
        for i, id in ipairs(good) do
          if held[i] or seen[id] then dropped[#dropped + 1] = id else seen[id], once[#once + 1] = true, id end
        end
        good, n = once, #once
      end
      local values, ahead = {}, '~' .. token
      for i = 1, n do
        values[2 * i - 1], values[2 * i] = good[i], (#ids + i <= slots) and token or ahead
      end
      if n > 0 then redis.call('HSET', lease, unpack(values)) end
      if #ids == 0 then ids = good else for _, id in ipairs(good) do ids[#ids + 1] = id end end
    else
      redis.call('LTRIM', queued, #popped, -1)
    end
    if #dropped > 0 then
      stale = stale + #dropped
      redis.call('SREM', ghosts, unpack(dropped))
    end
  end
  if #ids == 0 then token, leaseEnd = '', '' end
end
local past = {}
if lazy and #ids > 0 and redis.call('EXISTS', tries) == 1 then
  for i, value in ipairs(redis.call('HMGET', tries, unpack(ids))) do past[i] = value or '' end
end
local dueIn = -1
if lazy and #ids < claim and length == 0 then
  local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
  if first[2] then
    local teller, till = string.match(redis.call('GET', alarm) or '', '^(%w+):(%d+)$')
    if not teller or teller == worker or tonumber(till) <= ms then
      redis.call('SET', alarm, worker .. string.format(':%.0f', ms + 6000), 'PX', 6000)
      dueIn = math.max(0, first[2] - ms)
    end
  end
end
if lazy or settled ~= '' or #kinds > 0 then
  redis.call('HSET', totals, 'failed', count.failed, 'lost', count.lost, 'marked', count.marked)
end
redis.call('HSET', totals, 'left', count.left, 'done', count.done, 'taken', count.taken, 'epoch', kept[7] or 0)
if not answered then
  local record = string.format('%.0f|%.0f|', number, ms) .. token .. '|' .. leaseEnd .. '|' .. settled
  if leaving then
    redis.call('HSET', steps, worker .. ':0', record, worker .. ':1', record, worker .. ':2', record)
  else
    redis.call('HSET', steps, field, record)
  end
end
arm(wake, tokens, length)
return { settled, renewed, token, length > 0 and 1 or 0, dueIn, ids, past }`,
  },
  'sweep': {
    keys: ['queued', 'committed', 'processing', 'lease', 'wake', 'totals', 'marks', 'steps', 'guard', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts'],
    flags: 'allow-oom',
    rights: ['EXISTS ghosts', 'HDEL errors failures lease owed steps tries', 'HGET guard totals', 'HGETALL steps', 'HLEN errors failures lease owed steps totals tries', 'HMGET failures guard lease owed totals tries', 'HSCAN steps', 'HSET errors failures guard totals tries', 'LINDEX marks', 'LLEN marks queued wake', 'LPOP marks', 'LPUSH queued', 'RPUSH marks queued wake', 'SCARD committed ghosts withdrawn', 'SMISMEMBER ghosts withdrawn', 'SREM committed ghosts withdrawn', 'TIME', 'ZADD delayed failed failedAt', 'ZCARD delayed failed failedAt processing', 'ZPOPMIN failedAt', 'ZRANGEBYSCORE delayed processing', 'ZREM delayed failed processing'],
    text: `local queued, committed, processing, lease, wake, totals, marks, steps, guard = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts = KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17], KEYS[18]
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
local function arm(wake, tokens, length)
  if tokens == 0 and length > 0 then redis.call('RPUSH', wake, '1') end
end
local function toTail(queued, ghosts, marks, ids, count, ms)
  local length, entries, taken = redis.call('LLEN', queued), ids, {}
  if #ids == 0 then return length end
  if redis.call('EXISTS', ghosts) == 1 then
    local stale = redis.call('SMISMEMBER', ghosts, unpack(ids))
    entries = {}
    for i, id in ipairs(ids) do
      if stale[i] == 1 then taken[#taken + 1] = id else entries[#entries + 1] = id end
    end
    if #taken > 0 then redis.call('SREM', ghosts, unpack(taken)) end
  end
  if #entries == 0 then return length end
  mark(marks, count.taken + length + 1, count, ms)
  return redis.call('RPUSH', queued, unpack(entries))
end
local function toHead(queued, totals, ids, count)
  if #ids == 0 then return end
  local reversed = {}
  for i = #ids, 1, -1 do reversed[#reversed + 1] = ids[i] end
  redis.call('LPUSH', queued, unpack(reversed))
  count.taken = count.taken - #ids
  redis.call('HSET', totals, 'returned', (tonumber(redis.call('HGET', totals, 'returned')) or 0) + #ids)
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
  redis.call('ZADD', kept.failed, unpack(place))
  redis.call('ZADD', kept.failedAt, unpack(at))
  local over = redis.call('ZCARD', kept.failedAt) - most
  if over > 0 then
    local oldest, popped = {}, redis.call('ZPOPMIN', kept.failedAt, math.min(over, 1000))
    for i = 1, #popped, 2 do oldest[#oldest + 1] = popped[i] end
    redis.call('ZREM', kept.failed, unpack(oldest))
    redis.call('HDEL', kept.errors, unpack(oldest))
  end
end
local function sound(size, ...)
  for _, key in ipairs({ ... }) do redis.call(size, key) end
end
local limit, maxJams, keepFailed, term, jitter = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local id, every = ARGV[7], tonumber(ARGV[8])
local ms = math.floor(now() / 1000)
sound('LLEN', queued, marks)
sound('HLEN', lease, steps, totals, failures, errors, tries, owed)
sound('ZCARD', processing, delayed, failed, failedAt)
sound('SCARD', committed, withdrawn, ghosts)
local tokens = redis.call('LLEN', wake)
local seat = redis.call('HMGET', guard, 'holder', 'until', 'at', 'grace')
local holder, till, at, grace = seat[1], tonumber(seat[2] or 0), tonumber(seat[3] or 0), tonumber(seat[4] or 0)
if id ~= '' then
  till = math.min(till, at + math.floor(every * 1.5))
  if holder and holder ~= id and till > ms then return { 0, till - ms, 0 } end
  redis.call('HSET', guard, 'holder', id, 'until', ms + math.floor(every * 1.5))
end
local half = math.floor(term / 2)
if ms < at or ms > at + half then grace = ms + half end
redis.call('HSET', guard, 'at', ms, 'grace', grace)
local kept = redis.call('HMGET', totals, 'left', 'jammed', 'failed', 'taken', 'marked')
local count = { left = tonumber(kept[1] or 0), jammed = tonumber(kept[2] or 0), failed = tonumber(kept[3] or 0),
  taken = tonumber(kept[4] or 0), marked = tonumber(kept[5] or 0) }
promote(delayed, queued, ghosts, marks, count, ms)
local lapsed = redis.call('ZRANGEBYSCORE', processing, '-inf', ms, 'LIMIT', 0, limit)
local reply = { 1, 0, 0 }
if #lapsed > 0 and grace > ms then
  reply[2] = math.min(grace - ms, math.max(1, math.floor(half / 2)))
elseif #lapsed > 0 then
  local held = redis.call('HMGET', lease, unpack(lapsed))
  local past = redis.call('HMGET', tries, unpack(lapsed))
  local gone = redis.call('SMISMEMBER', withdrawn, unpack(lapsed))
  local again = redis.call('HMGET', owed, unpack(lapsed))
  local head, tail, later, free, forget, counted, failing, texts, stays = {}, {}, {}, {}, {}, {}, {}, {}, {}
  for i, name in ipairs(lapsed) do
    local attempts, jams = string.match(past[i] or '0:0', '^(%d+):(%d+)$')
    local token, started, place = held[i] or '', 1, 'queued'
    jams = tonumber(jams)
    if string.sub(token, 1, 1) == '~' then token, started = string.sub(token, 2), 0 end
    if gone[i] == 1 then
      forget[#forget + 1] = name
      if again[i] then tail[#tail + 1] = name else place, free[#free + 1] = 'absent', name end
    elseif started == 0 then
      head[#head + 1] = name
    else
      jams, count.jammed = jams + 1, count.jammed + 1
      if jams > maxJams then
        forget[#forget + 1], failing[#failing + 1], texts[#texts + 1] = name, name, ARGV[6]
        count.failed = count.failed + 1
        if again[i] then stays[name], tail[#tail + 1] = true, name else place, free[#free + 1] = 'failed', name end
      else
        counted[#counted + 1], counted[#counted + 2] = name, attempts .. ':' .. string.format('%.0f', jams)
        if jams == 1 then
          head[#head + 1] = name
        else
          place, later[#later + 1], later[#later + 2] = 'delayed', ms + math.floor(jams * term + jitter * half), name
        end
      end
    end
    for _, value in ipairs({ name, token, jams, started, place }) do reply[#reply + 1] = value end
  end
  redis.call('ZREM', processing, unpack(lapsed))
  redis.call('HDEL', lease, unpack(lapsed))
  redis.call('SREM', withdrawn, unpack(lapsed))
  redis.call('HDEL', owed, unpack(lapsed))
  if #counted > 0 then redis.call('HSET', tries, unpack(counted)) end
  if #forget > 0 then redis.call('HDEL', tries, unpack(forget)) end
  if #later > 0 then redis.call('ZADD', delayed, unpack(later)) end
  recordFailures({ failed = failed, failedAt = failedAt, failures = failures, errors = errors }, failing, texts, stays, ms, keepFailed)
  if #free > 0 then count.left = count.left + redis.call('SREM', committed, unpack(free)) end
  toHead(queued, totals, head, count)
  toTail(queued, ghosts, marks, tail, count, ms)
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
arm(wake, tokens, redis.call('LLEN', queued))
return reply`,
  },
  'wake': {
    keys: ['queued', 'wake'],
    flags: 'allow-oom',
    rights: ['LLEN queued wake', 'RPUSH wake'],
    text: `local queued, wake = KEYS[1], KEYS[2]
if redis.call('LLEN', queued) > 0 and redis.call('LLEN', wake) == 0 then redis.call('RPUSH', wake, '1') end
return 1`,
  },
  'withdraw': {
    keys: ['queued', 'committed', 'processing', 'totals', 'delayed', 'failed', 'failedAt', 'failures', 'errors', 'tries', 'withdrawn', 'owed', 'ghosts'],
    flags: 'allow-oom',
    rights: ['HDEL errors failures owed tries', 'HLEN errors failures owed tries', 'HMGET totals', 'HSET totals', 'LLEN queued', 'SADD ghosts withdrawn', 'SCARD ghosts withdrawn', 'SMISMEMBER committed', 'SREM committed', 'ZCARD failedAt', 'ZMSCORE delayed failed processing', 'ZREM delayed failed failedAt'],
    text: `local queued, committed, processing, totals = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13]
local function sound(size, ...)
  for _, key in ipairs({ ... }) do redis.call(size, key) end
end
local entered = redis.call('SMISMEMBER', committed, unpack(ARGV))
local leased = redis.call('ZMSCORE', processing, unpack(ARGV))
local due = redis.call('ZMSCORE', delayed, unpack(ARGV))
local times = redis.call('ZMSCORE', failed, unpack(ARGV))
local kept = redis.call('HMGET', totals, 'left', 'withdrawn')
sound('LLEN', queued)
sound('HLEN', failures, errors, tries, owed)
sound('ZCARD', failedAt)
sound('SCARD', withdrawn, ghosts)
local letters, seen, free, stale, marked = {}, {}, {}, {}, {}
local taken = 0
for i, id in ipairs(ARGV) do
  local letter = 'a'
  if seen[id] then
    letter = seen[id]
  elseif entered[i] == 1 then
    if leased[i] then
      letter, marked[#marked + 1], seen[id] = 'p', id, 'p'
    else
      letter, free[#free + 1], taken, seen[id] = due[i] and 'y' or 'q', id, taken + 1, 'a'
      if not due[i] then stale[#stale + 1] = id end
    end
  elseif times[i] then
    letter, taken, seen[id] = 'f', taken + 1, 'a'
  end
  letters[i] = letter
end
if #marked > 0 then taken = taken + redis.call('SADD', withdrawn, unpack(marked)) end
if #stale > 0 then redis.call('SADD', ghosts, unpack(stale)) end
redis.call('ZREM', delayed, unpack(ARGV))
redis.call('ZREM', failed, unpack(ARGV))
redis.call('ZREM', failedAt, unpack(ARGV))
redis.call('HDEL', failures, unpack(ARGV))
redis.call('HDEL', errors, unpack(ARGV))
redis.call('HDEL', tries, unpack(ARGV))
taken = taken + redis.call('HDEL', owed, unpack(ARGV))
local left = #free > 0 and redis.call('SREM', committed, unpack(free)) or 0
redis.call('HSET', totals, 'left', (kept[1] or 0) + left, 'withdrawn', (kept[2] or 0) + taken)
return table.concat(letters)`,
  },
}
