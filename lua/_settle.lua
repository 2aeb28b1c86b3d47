-- Settle one by one: the way for all that is not plainly done. `kinds[i]` is d, r or f; errors belong to the f in order.
-- Answers a mark per ID, and whether any is not '1'; adds to `count`; sends IDs to the places in `to`.
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
        -- Withdrawn while it ran: this run does not count, whatever it says.
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
        -- A run is owed: the ID stays committed and goes to the tail.
        to.stays[id], to.tail[#to.tail + 1] = true, id
      else
        to.free[#to.free + 1] = id
      end
    end
  end
  return marks, odd
end
