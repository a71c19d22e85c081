#!lua
-- Takes committed intents off the stream and counts them, once each.
--
-- KEYS  1 intents  2 progress
-- ARGV  1 group  2 drain rate (orders a second, decimal)  3... entry ids
-- Reply how many entries were taken off now; an entry that was taken off before counts nothing.
--
-- Keeps: `committed` moves by entries really removed (P15); called only after COMMIT (P9). O(entries).

redis.call('HSET', KEYS[2], 'rate', ARGV[2])
local ids = {}
for i = 3, #ARGV do
    ids[#ids + 1] = ARGV[i]
end
redis.call('XACK', KEYS[1], ARGV[1], unpack(ids))
local removed = redis.call('XDEL', KEYS[1], unpack(ids))
redis.call('HINCRBY', KEYS[2], 'committed', removed)
return removed
