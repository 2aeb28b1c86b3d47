-- open: leave the layout and the digest of the options, before the first write of a process.
-- KEYS  meta
-- ARGV  layout digest
-- GIVES the other digest that stood there, or nothing
local meta = unpack(KEYS)
--- @include _layout
if was[2] == ARGV[2] then return '' end
redis.call('HSET', meta, 'layout', ARGV[1], 'digest', ARGV[2])
return was[2] or ''
