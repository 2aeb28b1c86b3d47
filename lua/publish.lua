-- publish: put IDs in, each at most once.
-- KEYS  queued committed processing wake totals marks extras listening
-- KEYS  delayed failed failedAt failures withdrawn owed ghosts tries alarm
-- KEYS  payload priority prioritized since remembered control results kept schedules events lease
-- KEYS  errors progress
-- ARGV  policy id …, then, where the policy says so, due priority payload slot of each
-- GIVES one verdict letter per ID: see VERDICTS in src/verdict.ts; or these, when each is due, the results of the remembered, epochs
local queued, committed, processing, wake, totals, marks, extras, listening = unpack(KEYS)
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
-- A plain lane's keys alone: for all else the call comes again, with all of them.
local short = #KEYS == 8
local lazy
if short then lazy = redis.call('EXISTS', extras, listening) > 0 else lazy = redis.call('EXISTS', delayed, failed, withdrawn, owed, ghosts, remembered, control, listening) > 0 end
if short and (lazy or not simple) then return redis.error_reply('MORE keys') end
local length = redis.call('LLEN', queued)
local before = redis.call('HMGET', totals, 'entered', 'published', 'duplicates', 'taken', 'marked')
local marked = tonumber(before[5] or 0)
local tokens = redis.call('LLEN', wake)
local ms = math.floor(now() / 1000)

-- A new ID alone, which is what an idle queue gets: without the functions and tables of the rest it takes a fifth less.
if simple and n == 1 and not lazy and marked <= ms and ms < marked + 1000 and redis.call('SADD', committed, ARGV[2]) == 1 then
  redis.call('RPUSH', queued, ARGV[2])
  redis.call('HSET', totals, 'entered', (before[1] or 0) + 1, 'published', (before[2] or 0) + 1)
  if tokens == 0 then redis.call('RPUSH', wake, '1') end
  return 'q'
end

--- @include _line
--- @include _sound
local count = { taken = tonumber(before[4] or 0), marked = marked }
if simple and not lazy then
  local due = dueMark(count, ms)
  if due then sound('LLEN', marks) end

  -- A lone ID is known if it cannot be added. Of many it must be asked, and new ones are added at once: in parts small
  -- enough that SADD still finds in the processor's caches what SMISMEMBER has fetched. At 10 million IDs this takes a fifth
  -- off the whole script. What a later part may have to ask is read before an earlier one is written.
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

  -- A batch of new IDs: the arguments are handed on as they came.
  if plain then
    mark(marks, count.taken + length + 1, count, ms)
    length = redis.call('RPUSH', queued, unpack(ARGV, 2))
    redis.call('HSET', totals, 'entered', (before[1] or 0) + n, 'published', (before[2] or 0) + n)
    if due then redis.call('HSET', totals, 'marked', count.marked) end
    arm(wake, tokens, length)
    return string.rep('q', n)
  end

  -- What is committed already is discarded, and told where it is; where an ID comes twice, the first is the entry.
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

-- Only from here on: making these functions costs more than a lone publish does.
--- @include _tail
--- @include _traits
--- @include _owed
--- @include _control
--- @include _due
--- @include _purge
--- @include _extras

sound('LLEN', marks)
sound('HLEN', failures, owed, tries, payload, priority, since, results, schedules)
sound('ZCARD', processing, delayed, failed, failedAt, prioritized, remembered, kept)
sound('SCARD', committed, withdrawn, ghosts)
local whole, soonest = readControl(control, listening, ms, events), firstDue(delayed)
purge(remembered, kept, results, control, whole, ms)
--- @include _records
--- @include _meet

-- ID by ID, each meeting what the one before it did.
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
  -- What is discarded beside a run is told of no other's time.
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
return { table.concat(letters), late and dues or {}, some and given or {}, epochs }
