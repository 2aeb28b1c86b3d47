-- While anything is there that a plain lane has not, so is `extras`: calls of a plain lane name their first keys alone, and are
-- sent back where it stands. Every script that may have written any of these ends with this.
local function noteExtras()
  local some = redis.call('EXISTS', delayed, failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, prioritized,
    since, progress, remembered, kept, control) > 0
  if some == (redis.call('EXISTS', extras) == 1) then return end
  if some then redis.call('SET', extras, '1') else redis.call('DEL', extras) end
end
