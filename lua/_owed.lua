-- What is owed to an ID that is processing: '' or `flag|due|priority|p<payload>`.
local function readOwed(text)
  local flag, due, weight, rest = string.match(text, '^(s?)|(%d*)|(-?%d*)|(.*)$')
  return { superseding = flag == 's', due = tonumber(due or '') or 0, weight = tonumber(weight or ''),
    payload = rest ~= nil and rest ~= '' and string.sub(rest, 2) }
end

local function owedText(debt)
  if not (debt.superseding or debt.due > 0 or debt.weight or debt.payload) then return '' end
  return (debt.superseding and 's' or '') .. '|' .. (debt.due > 0 and string.format('%.0f', debt.due) or '') .. '|'
    .. (debt.weight and string.format('%.0f', debt.weight) or '') .. '|' .. (debt.payload and 'p' .. debt.payload or '')
end
