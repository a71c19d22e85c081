#!lua flags=allow-oom
-- Takes committed intents off the stream and counts them, once each.
--
-- KEYS  1 intents  2 progress
-- ARGV  1 group  2 drain rate (orders a second, decimal)  3... entry ids (at least one, at most some thousand: Lua
--       passes no more than 8,000 arguments)
-- Reply how many entries were taken off now; an entry that was taken off before counts nothing.
-- Error CORRUPT (a counter that is none)
--
-- Keeps: `committed` moves by entries really removed (P15); called only after COMMIT (P9). The checks and the one
-- command that can refuse its arguments come before the first write (P5). It also runs when memory is full, since it
-- is what makes room. O(entries).

local committed = redis.call('HGET', KEYS[2], 'committed') or '0'
if #committed > 15 or not (committed == '0' or string.match(committed, '^[1-9]%d*$')) then
    return redis.error_reply('CORRUPT the counter of committed intents is not a whole number')
end
redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 3))
local removed = redis.call('XDEL', KEYS[1], unpack(ARGV, 3))
redis.call('HSET', KEYS[2], 'rate', ARGV[2])
redis.call('HINCRBY', KEYS[2], 'committed', removed)
return removed
