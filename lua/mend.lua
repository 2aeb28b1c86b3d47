-- mend: bring IDs into exactly one state again; what is in order is left as it is.
-- KEYS  queued wake totals marks steps meta guard
-- KEYS  committed processing lease delayed failed failedAt failures errors tries withdrawn owed ghosts prioritized
-- KEYS  remembered payload priority since progress results kept events control extras
-- ARGV  lease error epoch balance marks layout guard journal, then of each mend: how id place twin
-- GIVES a mark per mend, 1 where something was written; and for the queue: epoch, balance, marks, layout, guard, journal, wake
local queued, wake, totals, marks, steps, meta, guard = unpack(KEYS)
local committed, processing, lease, delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts, prioritized = unpack(KEYS, 8)
local remembered, payload, priority, since, progress, results, kept, events, control, extras = unpack(KEYS, 21)
--- @include _names
--- @include _odd
--- @include _tail
--- @include _extras
--- @include _sound

-- The only command here that no other script needs: asked for before anything is written.
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
-- No message goes behind one that stands: each verb that tells one would fail.
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

-- What is processing, or leased, stays so, whatever else is said of the ID: here is no ZREM of the one, no HDEL of the
-- other, so no claim is ever taken from whoever holds its token. Nor is there an ID here that no part names.
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
    -- Nobody has this token: its IDs lapse, and a sweep takes them.
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
    -- One that is elsewhere may have a stale entry in the line; by that of one that waits it waits.
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
    -- No ID is empty, so a claim drops it as it drops all that is stale.
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

-- For the queue as a whole.
local function matter(due, mend)
  if due then mend() end
  whole[#whole + 1] = due and '1' or '0'
end
matter(epoch > (tonumber(counted[5]) or 0), function() redis.call('HSET', totals, 'epoch', ARGV[3]) end)
size = size + added
if added > 0 and left + size > entered then
  -- It comes back: entered once more.
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
  -- What happened while no journal was kept leaves a gap, which its readers see.
  redis.call('HSET', totals, 'position', string.format('%.0f', position + 1))
end)
local told = redis.call('HMGET', control, 'paused', 'hold')
local line = (told[1] or tonumber(told[2] or 0) > ms) and 0 or length + redis.call('ZCARD', prioritized)
matter(tokens == 0 and line > 0, function() end)
arm(wake, tokens, line)
noteExtras()
return { table.concat(mended), table.concat(whole) }
