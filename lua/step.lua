-- step: one call of a worker: settle these, renew those, claim n more.
-- KEYS  queued committed processing lease wake totals marks steps
-- KEYS  delayed failed failedAt failures errors tries withdrawn owed ghosts alarm
-- ARGV  worker number lease keepFailed claim slots leaving settled… renewed… started…
-- GIVES settled, renewed, token, more, dueIn, ids, tries
-- FLAGS allow-oom
local queued, committed, processing, lease, wake, totals, marks, steps = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts, alarm = KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17], KEYS[18]
--- @include _tail
--- @include _fail

local worker, number, term, keepFailed = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local claim, slots, leaving = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == '1'
local arg = 8
local micros = now()
local ms = math.floor(micros / 1000)

-- Reads first: a key of a wrong type refuses here, before anything is written.
local field = worker .. ':' .. number % 2
local prior = redis.call('HGET', steps, field)
local kept = redis.call('HMGET', totals, 'left', 'done', 'failed', 'lost', 'taken', 'marked', 'epoch')
local count = { left = tonumber(kept[1] or 0), done = tonumber(kept[2] or 0), failed = tonumber(kept[3] or 0),
  lost = tonumber(kept[4] or 0), taken = tonumber(kept[5] or 0), marked = tonumber(kept[6] or 0) }
local tokens, length = redis.call('LLEN', wake), redis.call('LLEN', queued)
redis.call('SCARD', committed)
redis.call('ZCARD', processing)
local lazy = redis.call('EXISTS', delayed, failures, errors, tries, withdrawn, owed) > 0

local answered
if prior then
  local last, _, token, leaseEnd, result = string.match(prior, '^(%d+)|(%d+)|([^|]*)|(%d*)|(.*)$')
  last = tonumber(last)
  if last > number then return redis.error_reply('STALE step ' .. ARGV[2] .. ' after ' .. string.format('%.0f', last)) end
  if last == number then answered = { token = token, leaseEnd = leaseEnd, settled = result } end
end

-- Groups of `token count id…`: the IDs with their tokens, and what holds each now.
local function held()
  local ids, claims = {}, {}
  for _ = 1, tonumber(ARGV[arg]) do
    local token, size = ARGV[arg + 1], tonumber(ARGV[arg + 2])
    for i = 1, size do ids[#ids + 1], claims[#claims + 1] = ARGV[arg + 2 + i], token end
    arg = arg + 2 + size
  end
  arg = arg + 1
  return ids, claims, #ids > 0 and redis.call('HMGET', lease, unpack(ids)) or {}
end

-- Under the token, or still marked as claimed ahead ('~') under it.
local function owns(value, token)
  return value == token or (value and value == '~' .. token)
end

-- done, release, fail; the last with an error for each.
local doneIds, doneClaims, doneNow = held()
local releaseIds, releaseClaims, releaseNow = held()
local failIds, failClaims, failNow = held()
local failTexts = arg
arg = arg + #failIds

local settled = ''
if answered then
  settled = answered.settled
elseif #doneIds + #releaseIds + #failIds > 0 then
  local result, odd, ending, free, tail, head, forget, failing, texts, stays = {}, false, {}, {}, {}, {}, {}, {}, {}, {}

  local function settle(ids, claims, values, accept)
    local gone = lazy and #ids > 0 and redis.call('SMISMEMBER', withdrawn, unpack(ids))
    local again = lazy and #ids > 0 and redis.call('HMGET', owed, unpack(ids))
    for i, id in ipairs(ids) do
      if not owns(values[i], claims[i]) then
        result[#result + 1], odd, count.lost = '0', true, count.lost + 1
      else
        ending[#ending + 1] = id
        local isOwed = again and again[i]
        if gone and gone[i] == 1 then
          -- Withdrawn while it ran: this run does not count, whatever it says.
          result[#result + 1], odd = 'w', true
          forget[#forget + 1] = id
          if isOwed then tail[#tail + 1] = id else free[#free + 1] = id end
        else
          result[#result + 1] = '1'
          accept(id, isOwed, i)
        end
      end
    end
  end

  settle(doneIds, doneClaims, doneNow, function(id, isOwed)
    count.done = count.done + 1
    forget[#forget + 1] = id
    if isOwed then tail[#tail + 1] = id else free[#free + 1] = id end
  end)
  settle(releaseIds, releaseClaims, releaseNow, function(id) head[#head + 1] = id end)
  settle(failIds, failClaims, failNow, function(id, isOwed, i)
    count.failed = count.failed + 1
    failing[#failing + 1], texts[#texts + 1] = id, ARGV[failTexts + i - 1]
    if isOwed then stays[id], tail[#tail + 1] = true, id else free[#free + 1] = id end
  end)

  if odd then settled = table.concat(result) end
  if #ending > 0 then
    redis.call('ZREM', processing, unpack(ending))
    redis.call('HDEL', lease, unpack(ending))
    if lazy then
      redis.call('SREM', withdrawn, unpack(ending))
      redis.call('HDEL', owed, unpack(ending))
      if #failing > 0 then redis.call('HDEL', tries, unpack(failing)) end
      if #forget > 0 then
        redis.call('HDEL', tries, unpack(forget))
        redis.call('HDEL', failures, unpack(forget))
        redis.call('HDEL', errors, unpack(forget))
      end
    end
    recordFailures({ failed = failed, failedAt = failedAt, failures = failures, errors = errors }, failing, texts, stays, ms, keepFailed)
    if #free > 0 then count.left = count.left + redis.call('SREM', committed, unpack(free)) end
    toHead(queued, head, count)
    length = toTail(queued, ghosts, marks, tail, count, ms)
  end
end

-- Claimed ahead, begun since: from now on a lapse counts as a jam.
local startIds, startClaims, startNow
local renewIds, renewClaims, renewNow = held()
startIds, startClaims, startNow = held()
local begun = {}
for i, id in ipairs(startIds) do
  if startNow[i] == '~' .. startClaims[i] then begun[#begun + 1], begun[#begun + 2] = id, startClaims[i] end
end
if #begun > 0 then redis.call('HSET', lease, unpack(begun)) end

local renewed = ''
if #renewIds > 0 then
  local gone = lazy and redis.call('SMISMEMBER', withdrawn, unpack(renewIds))
  local result, odd, live = {}, false, {}
  for i, id in ipairs(renewIds) do
    if not owns(renewNow[i], renewClaims[i]) then
      result[i], odd = '0', true
    elseif gone and gone[i] == 1 then
      result[i], odd = 'w', true
    else
      result[i] = '1'
      live[#live + 1], live[#live + 2] = ms + term, id
    end
  end
  if #live > 0 then redis.call('ZADD', processing, 'XX', unpack(live)) end
  if odd then renewed = table.concat(result) end
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
    local popped = redis.call('LPOP', queued, claim - #ids)
    length = length - #popped
    count.taken = count.taken + #popped
    local entered = redis.call('SMISMEMBER', committed, unpack(popped))
    local leased = redis.call('ZMSCORE', processing, unpack(popped))
    local due = lazy and redis.call('ZMSCORE', delayed, unpack(popped))
    local dropped, good = {}, {}
    for i, id in ipairs(popped) do
      if entered[i] == 1 and not leased[i] and not (due and due[i]) then
        good[#good + 1] = id
      else
        dropped[#dropped + 1] = id
      end
    end
    if #dropped > 0 then
      stale = stale + #dropped
      redis.call('SREM', ghosts, unpack(dropped))
    end
    if #good > 0 then
      if token == '' then
        local epoch = math.max(micros, (kept[7] or 0) + 1)
        kept[7], leaseEnd = string.format('%.0f', epoch), string.format('%.0f', ms + term)
        token = kept[7] .. ':' .. string.format('%.0f', ms) .. ':' .. worker .. ':' .. ARGV[2]
      end
      local scores, values, ahead = {}, {}, '~' .. token
      for i, id in ipairs(good) do
        scores[2 * i - 1], scores[2 * i] = leaseEnd, id
        values[2 * i - 1], values[2 * i] = id, (#ids + i <= slots) and token or ahead
      end
      local added = redis.call('ZADD', processing, unpack(scores))
      redis.call('HSET', lease, unpack(values))
      -- An entry that stood in the line twice (after a repair by hand) counts once.
      local seen = added < #good and {}
      for _, id in ipairs(good) do
        if not seen or not seen[id] then ids[#ids + 1] = id end
        if seen then seen[id] = true end
      end
    end
  end
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

redis.call('HSET', totals, 'left', count.left, 'done', count.done, 'failed', count.failed, 'lost', count.lost,
  'taken', count.taken, 'marked', count.marked, 'epoch', kept[7] or 0)
if leaving then
  redis.call('HDEL', steps, worker .. ':0', worker .. ':1')
elseif not answered then
  redis.call('HSET', steps, field, string.format('%.0f|%.0f|', number, ms) .. token .. '|' .. leaseEnd .. '|' .. settled)
end
arm(wake, tokens, length)
return { settled, renewed, token, length > 0 and 1 or 0, dueIn, ids, past }
