--- @include _ends
-- Settle one by one: the way for all that is not plainly done. `kinds[i]` is d, k (done, keeping a result), r, f or t
-- (to be tried again); `texts` belong to the k, f and t in order. Answers a mark per ID, and whether any is not '1';
-- adds to `count`; sends IDs to the places in `to`; notes who ended how in `said`.
local function settleEach(ids, kinds, of, texts, policy, count, to, said, ms)
  local marks, odd, behind = {}, false, 0
  local keeping, until_, remembering, outdated = {}, {}, {}, {}
  for i, id in ipairs(ids) do
    local kind, text = kinds[i], nil
    if kind == 'f' or kind == 't' or kind == 'k' then behind, text = behind + 1, texts[behind + 1] end
    local debt = of.owed[i] and readOwed(of.owed[i])
    if not of.held[i] then
      marks[i], odd, count.lost = '0', true, count.lost + 1
    else
      to.ending[#to.ending + 1] = id
      marks[i] = '1'
      if of.gone[i] == 1 or (debt and debt.superseding and kind ~= 'd' and kind ~= 'k') then
        -- Withdrawn or superseded while it ran: this run does not count, whatever it says.
        marks[i], odd = of.gone[i] == 1 and 'w' or 's', true
        to.forget[#to.forget + 1] = id
        if of.gone[i] == 1 then said.withdrawn[#said.withdrawn + 1] = id end
        if debt then runOwed(to, id, debt, ms) else leave(to, id) end
      elseif kind == 'd' or kind == 'k' then
        count.done = count.done + 1
        said.done[#said.done + 1], to.forget[#to.forget + 1] = id, id
        if kind == 'k' then
          local ttl, result = string.match(text, '^(%d+) (.*)$')
          add(keeping, 'r' .. id, string.match(of.held[i], '^~?(%d+)') .. ' ' .. result)
          add(until_, string.format('%.0f', ms + ttl), 'r' .. id)
        else
          outdated[#outdated + 1] = 'r' .. id
        end
        if debt then
          runOwed(to, id, debt, ms)
        else
          leave(to, id)
          if policy.remember > 0 then
            local from = policy.stamped and tonumber(redis.call('HGET', since, id) or ms) or ms
            if from + policy.remember > ms then add(remembering, string.format('%.0f', from + policy.remember), id) end
          end
        end
      elseif kind == 'f' then
        count.failed = count.failed + 1
        said.failed[#said.failed + 1] = id
        to.failing[#to.failing + 1], to.texts[#to.texts + 1] = id, text
        if debt then
          to.stays[id] = true
          runOwed(to, id, debt, ms)
        else
          to.free[#to.free + 1] = id
        end
      else
        local due = merge(to, id, debt)
        if kind == 't' then
          local delay, reason = string.match(text, '^(%d+) (.*)$')
          count.retried = count.retried + 1
          said.retried[#said.retried + 1] = id
          add(to.tries, id, string.format('%.0f:0', tonumber(string.match(of.tries[i] or '0', '^%d+')) + 1))
          add(to.errors, id, string.format('%.0f ', ms) .. reason)
          due = math.max(due, ms + delay)
          if policy.ordered then due, kind = holdFor(to, id, due, ms), 'r' end
        end
        if due > ms then
          add(to.later, string.format('%.0f', due), id)
        elseif kind == 'r' then
          to.head[#to.head + 1] = id
        else
          to.tail[#to.tail + 1] = id
        end
      end
    end
  end
  if #keeping > 0 then
    redis.call('HSET', results, unpack(keeping))
    redis.call('ZADD', kept, unpack(until_))
  end
  if #outdated > 0 and of.results > 0 then
    redis.call('HDEL', results, unpack(outdated))
    redis.call('ZREM', kept, unpack(outdated))
  end
  if #remembering > 0 then redis.call('ZADD', remembered, unpack(remembering)) end
  return marks, odd
end
