-- step: one call of a worker: settle these, renew those, claim n more.
-- KEYS  queued committed processing lease wake totals marks steps
-- KEYS  delayed failed failedAt failures errors tries withdrawn owed ghosts alarm
-- ARGV  worker number lane lease keepFailed claim slots leaving, then three lists: settled, renewed, started
-- ARGV  a list is: groups, then kind token size of each group, then all their IDs; behind the first, the errors of its f
-- GIVES settled, renewed, token, more, dueIn, ids, tries
-- FLAGS allow-oom
local queued, committed, processing, lease, wake, totals, marks, steps = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts, alarm = KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17], KEYS[18]
--- @include _tail
--- @include _fail
--- @include _settle
--- @include _sound

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
-- Each key is read before the first write, or is the first that is written: `processing`.
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

-- The list at `at`: where its IDs begin and end, what holds each now, and whether each is under its token (or still
-- marked as claimed ahead under it, '~').
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
-- Where nothing will be left in line, none is to be woken.
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
      -- A withdrawn one is told so, and holds on: a run owed must not start beside the one that has not ended.
      result[i] = gone[i] == 1 and 'w' or '1'
      odd = odd or gone[i] == 1
      live[#live + 1], live[#live + 2] = ms + term, id
    end
  end
  if #live > 0 then redis.call('ZADD', processing, 'XX', unpack(live)) end
  if odd then renewed = table.concat(result) end
end

-- Claimed ahead, begun since: from now on a lapse counts as a jam.
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
  -- The same number again: the same claims, found by their token among those that share its lease end.
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
  -- The only place where an ID leaves the line: by its place alone is judged whether it may.
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
      -- Last first: among equal scores each then finds its place at the front, while the set is small and kept as a list.
      local scores, n = {}, #good
      for i = n, 1, -1 do
        scores[2 * (n - i) + 1], scores[2 * (n - i) + 2] = leaseEnd, good[i]
      end
      local fresh = redis.call('ZADD', processing, 'NX', unpack(scores))
      redis.call('LTRIM', queued, #popped, -1)
      if fresh < n then
        -- Some is processing already, or stood in the line twice (after a repair by hand): it counts once.
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

-- One idle worker is told when the next delayed ID is due, and told anew once it has not asked for longer than it waits.
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
    -- In each lane: a late copy of an earlier step is refused, where it would claim for nobody.
    redis.call('HSET', steps, worker .. ':0', record, worker .. ':1', record, worker .. ':2', record)
  else
    redis.call('HSET', steps, field, record)
  end
end
arm(wake, tokens, length)
return { settled, renewed, token, length > 0 and 1 or 0, dueIn, ids, past }
