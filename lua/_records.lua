-- Everything known of each ID of a publish: read at once, changed in memory, written at once.
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

-- What the i-th publish brings.
local function traitsOf(i)
  if brings ~= '1' then return { due = 0, payload = false } end
  local at = n + 1 + 4 * (i - 1)
  local due, body = ARGV[at + 1], ARGV[at + 3]
  local when = tonumber(due) or 0
  if string.sub(due, 1, 1) == '+' then when = when > 0 and ms + when or 0 end
  return { due = when > ms and when or 0, weight = tonumber(ARGV[at + 2]), payload = body ~= '' and string.sub(body, 2), slot = tonumber(ARGV[at + 4]) }
end

-- A place in line, at its end: given now, taken when all is written. Of several the last counts.
local function seat(record)
  stamps = stamps + 1
  record.seat = stamps
end

-- Answers whether anything was put in line.
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
