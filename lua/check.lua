-- check: is the queue fit for use: every key's type, the layout, and the rights of a role, before its first call.
-- KEYS  meta
-- KEYS  queued committed processing lease wake totals marks steps guard delayed failed failedAt failures errors tries withdrawn owed ghosts alarm
-- KEYS  extras payload priority prioritized since remembered progress control rate results kept schedules events listening
-- ARGV  layout role, the type of each key, then what the role runs: command part … in one text each
-- GIVES the digest of the options that stands there, or nothing
-- FLAGS no-writes
local meta = unpack(KEYS)
-- A right that is missing would show halfway through a script, and what that had written would stay.
local keys = {}
-- What takes many keys would take an argument too many for one of them.
local alone = { EXISTS = {}, UNLINK = {}, DEL = {}, BLPOP = { '0' }, SPUBLISH = { '0' }, SSUBSCRIBE = {}, SET = { '0' },
  XADD = { '*', '0', '0' }, XRANGE = { '-', '+' }, XTRIM = { 'MAXLEN', '1' } }
for _, key in ipairs(KEYS) do keys[string.match(key, '%a+$')] = key end
for i = #KEYS + 3, #ARGV do
  local command, parts = string.match(ARGV[i], '^(%u+)(.*)$')
  for part in string.gmatch(parts == '' and '0' or parts, '%w+') do
    local on = keys[part] and ' on ' .. keys[part] or ''
    if not redis.acl_check_cmd(command, keys[part] or '0', unpack(alone[command] or { '0', '0' })) then
      return redis.error_reply('NOPERM this user may not run ' .. command .. on .. ', and has to as ' .. ARGV[2] .. ': see SECURITY.md')
    end
  end
end
for i, key in ipairs(KEYS) do
  local is = redis.call('TYPE', key).ok
  if is ~= 'none' and is ~= ARGV[i + 2] then
    return redis.error_reply('WRONGKEY ' .. key .. ' holds a ' .. is .. ', not a ' .. ARGV[i + 2])
  end
end
--- @include _layout
return was[2] or ''
