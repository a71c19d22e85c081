#!lua
-- Fills an event's stock from Postgres, when none is loaded or only an older load is.
--
-- KEYS  1 event  2 intents
-- ARGV  1 epoch of this load  2 `1` when the event was loaded before, so that intents may be on their way
--       3 available  4 total  5 limit  6 opens  7 closes (milliseconds since 1970; 0: none)  8 state
--       9 price (minor units)  10 currency  11 revision
-- Reply LOADED | WAIT (intents are undelivered or unacknowledged) | CURRENT (this load or a later one is there)
--
-- Keeps: stock on its way is never counted twice: a second load waits until the stream is empty, and an old lane's
-- load never replaces a newer one (P34, P35). O(1).

local loaded = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0')
if loaded >= tonumber(ARGV[1]) then
    return {'CURRENT'}
end
if ARGV[2] == '1' and redis.call('XLEN', KEYS[2]) > 0 then
    return {'WAIT'}
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'available', ARGV[3], 'total', ARGV[4], 'limit', ARGV[5],
    'opens', ARGV[6], 'closes', ARGV[7], 'state', ARGV[8], 'price', ARGV[9], 'currency', ARGV[10],
    'revision', ARGV[11], 'returns', '0')
return {'LOADED'}
