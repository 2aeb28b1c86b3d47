--- @include _owed
-- Where IDs go whose claims end, and what goes with them.
local function ends(hold)
  return { ending = {}, forget = {}, failing = {}, texts = {}, stays = {}, head = {}, tail = {}, free = {}, forgotten = {}, later = {}, tries = {}, errors = {},
    payloads = {}, priorities = {}, hold = hold }
end

-- The line stands until then, if it did not stand longer. For whom is known while it is for one alone. Answers when that one is
-- due: it stands at the head.
local function holdFor(to, id, till, ms)
  to.holder, to.hold = to.hold > ms and '' or id, math.max(to.hold, till)
  return 0
end

-- Out of the queue, and nothing of it stays.
local function leave(to, id) to.free[#to.free + 1], to.forgotten[#to.forgotten + 1] = id, id end

local function add(list, id, value) list[#list + 1], list[#list + 2] = id, value end

-- An owed run begins, with what its publisher brought alone: `since` is of that publish. Answers where the ID is.
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

-- The same ID goes on, with the newest that was brought, though that be no payload. Answers when it may, at the earliest.
local function merge(to, id, debt)
  if not debt then return 0 end
  add(to.payloads, id, debt.payload)
  if debt.weight and debt.weight > tonumber(redis.call('HGET', priority, id) or 0) then add(to.priorities, id, debt.weight) end
  return debt.due
end

-- Out of `processing`, and into the places they go to.
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
