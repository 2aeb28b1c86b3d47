-- inspect: everything known of each ID.
-- KEYS  committed processing lease delayed failed failures errors tries withdrawn owed remembered priority payload progress
-- ARGV  id …
-- GIVES committed, lease end, token, due, times failed, failures, error, tries, withdrawn, owed, forget at, priority, payload, progress: a list each; now
-- FLAGS no-writes
local committed, processing, lease, delayed, failed, failures, errors, tries, withdrawn, owed = unpack(KEYS)
local remembered, priority, payload, progress = unpack(KEYS, 11)
return {
  redis.call('SMISMEMBER', committed, unpack(ARGV)),
  redis.call('ZMSCORE', processing, unpack(ARGV)),
  redis.call('HMGET', lease, unpack(ARGV)),
  redis.call('ZMSCORE', delayed, unpack(ARGV)),
  redis.call('ZMSCORE', failed, unpack(ARGV)),
  redis.call('HMGET', failures, unpack(ARGV)),
  redis.call('HMGET', errors, unpack(ARGV)),
  redis.call('HMGET', tries, unpack(ARGV)),
  redis.call('SMISMEMBER', withdrawn, unpack(ARGV)),
  redis.call('HMGET', owed, unpack(ARGV)),
  redis.call('ZMSCORE', remembered, unpack(ARGV)),
  redis.call('HMGET', priority, unpack(ARGV)),
  redis.call('HMGET', payload, unpack(ARGV)),
  redis.call('HMGET', progress, unpack(ARGV)),
  math.floor(now() / 1000),
}
