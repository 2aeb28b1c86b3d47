-- What holds of the queue as a whole: whether anything may be claimed, and who is to be told.
local function readControl(control, listening, ms, events)
  local held = redis.call('HMGET', control, 'paused', 'hold', 'journal', 'holder')
  local paused, hold, journal = held[1] == '1', tonumber(held[2] or 0), tonumber(held[3] or 0)
  -- The journal is written last: what cannot be is told before anything is.
  local is = events and journal > 0 and redis.call('TYPE', events).ok
  if is and is ~= 'none' and is ~= 'stream' then error({ err = 'WRONGTYPE ' .. events .. ' holds a ' .. is .. ', not a stream' }) end
  return { paused = paused, hold = hold, holder = held[4], journal = journal, heard = redis.call('GET', listening), blocked = paused or hold > ms, told = {} }
end

-- Messages are collected while a script works, and go out as one at its end.
local function tell(whole, kind, ids)
  if #ids == 0 or not (whole.heard or whole.journal > 0) then return end
  whole.told[#whole.told + 1] = cjson.encode(kind) .. ',' .. cjson.encode(ids)
end

local function send(whole, totals, events, ms)
  if #whole.told == 0 then return end
  local position = redis.call('HINCRBY', totals, 'position', 1)
  local text = string.format('[%.0f,%.0f,', position, ms) .. table.concat(whole.told, ',') .. ']'
  if whole.journal > 0 then redis.call('XADD', events, 'MAXLEN', whole.journal, string.format('%.0f-0', position), 'm', text) end
  -- Channels are one for all databases: its number, which the listeners left, keeps namesakes apart.
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, text) end
end

local function sendNothing(whole, totals, events, ms)
  local position = redis.call('HINCRBY', totals, 'position', 1)
  if whole.heard then redis.call('SPUBLISH', events .. ':' .. whole.heard, string.format('[%.0f,%.0f]', position, ms)) end
end
