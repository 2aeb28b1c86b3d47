-- What becomes of a publish that meets `record`, by the policy: a verdict letter. Nothing is written here.

-- When it is due by both the old time and the new; 0 is now.
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

-- A run is asked for: its time counts from here. That of a run before it is over, or nothing goes by it any more.
local function bear(record, new)
  if stamped == '1' or (timing == 'l' and new.due > 0) then
    record.since, record.born = ms, ms
  elseif record.since then
    record.since, record.born = nil, false
  end
end

local function meetRunning(record, new)
  local debt = record.debt
  -- Where a run is owed already, by whatever policy, that is the truth: one starts after this publish as well.
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
  -- Put off for the first time now: from here on it is known how long that goes on.
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
