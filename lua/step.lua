-- step: one call of a worker: settle these, renew those, claim n more.
-- KEYS  queued committed processing lease wake totals steps extras listening
-- KEYS  delayed failed failedAt failures errors tries withdrawn owed ghosts alarm marks
-- KEYS  payload priority prioritized since remembered progress control rate results kept events
-- ARGV  worker number lane lease claim slots, then token id of the one that is done, or nothing; or else
-- ARGV  keepFailed leaving policy, then three lists: settled, renewed, started
-- ARGV  a list is: groups, then kind token size of each group, then all their IDs; behind the first, the texts of its f, t and k
-- GIVES more, token and one ID as a text; or token, more, ids; with all keys also settled, renewed, dueIn, tries, payloads
-- FLAGS allow-oom
local queued, committed, processing, lease, wake, totals, steps, extras, listening = unpack(KEYS)
local delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts, alarm, marks = unpack(KEYS, 10)
local payload, priority, prioritized, since, remembered, progress, control, rate, results, kept, events = unpack(KEYS, 21)

local worker, number, lane, term, claim, slots, keepFailed, leaving = unpack(ARGV, 1, 8)
-- What is written down must be read again: no other spelling of a number.
if not string.find(number, '^%d+$') then return redis.error_reply('STALE step ' .. number .. ' is no number such as 1, 2, 3') end
--- @include _whole
local micros = now()
local stamp = string.sub(micros, 1, -4)
local field = worker .. ':' .. lane
local prior = redis.call('HGET', steps, field)
local before = #KEYS == 9 and redis.call('HMGET', totals, 'left', 'done', 'taken', 'epoch') or redis.call('HMGET', totals, 'left', 'done', 'taken', 'epoch', 'failed', 'lost', 'marked')
local epoch = before[4] or '0'
local lazy = #ARGV > 8 and ARGV[9] ~= '' or redis.call('EXISTS', extras, listening) > 0
local token, leaseEnd, ids = '', '', {}
-- A plain lane's keys do for a new number on a plain lane. For all else the call comes again with all of them: nothing is written yet.
if #KEYS == 9 and (lazy or prior and tonumber(string.match(prior, '^%d+')) >= tonumber(number)) then return redis.error_reply('MORE keys') end
--- @include _lone

local ms = math.floor(micros / 1000)
number, term, claim, slots, leaving = tonumber(number), tonumber(term), tonumber(claim), tonumber(slots), leaving == '1'
-- Where the IDs of the list at `at` begin and end.
local function span(at)
  local first = at + 1 + 3 * tonumber(ARGV[at])
  local last = first - 1
  for g = at + 1, last, 3 do last = last + tonumber(ARGV[g + 2]) end
  return first, last
end
if #KEYS == 9 then
--- @include _plain
end

--- @include _sound
--- @include _arm

local length = redis.call('LLEN', queued)
local function take(popped, inLine)
--- @splice _take
  return dropped
end

--- @include _tail
--- @include _fail
--- @include _traits
--- @include _settle
--- @include _control
--- @include _due
--- @include _purge
--- @include _extras
--- @include _policy
--- @include _cargo
local count = { left = tonumber(before[1] or 0), done = tonumber(before[2] or 0), taken = tonumber(before[3] or 0),
  failed = tonumber(before[5] or 0), lost = tonumber(before[6] or 0), marked = tonumber(before[7] or 0), retried = 0 }
local answered
if prior then
  local last, token, leaseEnd, result = string.match(prior, '^(%d+)|%d+|([^|]*)|(%d*)|(.*)$')
  last = tonumber(last)
  if last > number then return redis.error_reply('STALE step ' .. ARGV[2] .. ' after ' .. string.format('%.0f', last)) end
  if last == number then answered = { token = token, leaseEnd = leaseEnd, settled = result } end
end

-- The list at `at`: its IDs, what holds each now, and whether each is under its token (or still marked as claimed ahead
-- under it, '~').
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
-- Where nothing will be left in line, none is to be woken.
local tokens = (plain and not answered and length <= claim) and 1 or redis.call('LLEN', wake)
local kinds, texts, whole, policy, soonest, told, keepsakes = {}, {}, nil, nil, nil, nil, 0
-- Each key is read before the first write, or is the first that is written: `processing`.
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
      -- A withdrawn or superseded one is told so, and holds on: a run owed must not start beside the one that has not ended.
      result[i] = gone[i] == 1 and 'w' or again[i] and (readOwed(again[i]).superseding and 's' or 'o') or '1'
      odd = odd or result[i] ~= '1'
      live[#live + 1], live[#live + 2] = ms + term, id
    end
  end
  if #live > 0 then redis.call('ZADD', processing, 'XX', unpack(live)) end
  if odd then renewed = table.concat(result) end
end

-- Claimed ahead, begun since: from now on a lapse counts as a jam.
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

-- Of the prioritized, those between two scores: before the line whoever is above it, behind it whoever is below.
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
  if lazy then
    purge(remembered, kept, results, control, whole, ms)
    if claim > 0 then promote(delayed, queued, ghosts, marks, count, ms) end
    length = redis.call('LLEN', queued)
    allowed = whole.blocked and 0 or math.min(claim, room.free)
  end

  -- The only place where an ID leaves the line: by its place alone is judged whether it may.
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

  -- One idle worker is told when something that waits for its time may be claimed, and told anew once it has not asked for
  -- longer than it waits. Who is told and has no room any more hands this on.
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
    -- In each lane: a late copy of an earlier step is refused, where it would claim for nobody.
    redis.call('HSET', steps, worker .. ':0', record, worker .. ':1', record, worker .. ':2', record)
  else
    redis.call('HSET', steps, field, record)
  end
end
arm(wake, tokens, (open or (nudge and not whole.paused)) and 1 or 0)
return { token, open and 1 or 0, ids, settled, renewed, dueIn, past, payloads }
