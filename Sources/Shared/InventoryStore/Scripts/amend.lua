#!lua
-- Brings an organiser's change to the loaded stock: price, window, state, limit, capacity.
--
-- KEYS  1 event
-- ARGV  1 revision  2 total  3 limit  4 opens  5 closes  6 state  7 price  8 currency
-- Reply AMENDED | CURRENT (this revision or a later one is there) | COLD (no stock is loaded)
--
-- Keeps: capacity moves the stock by the difference to the total that this stock was loaded with, in the same step as
-- the total, so a repeated or late change counts once. Available may fall below zero when capacity is cut under a
-- running sale: nothing more is admitted, and Postgres decides who of those in line goes without. O(1).

local event = redis.call('HMGET', KEYS[1], 'revision', 'total')
if not event[1] then
    return {'COLD'}
end
if tonumber(event[1]) >= tonumber(ARGV[1]) then
    return {'CURRENT'}
end
local difference = tonumber(ARGV[2]) - tonumber(event[2])
if difference ~= 0 then
    redis.call('HINCRBY', KEYS[1], 'available', string.format('%.0f', difference))
    redis.call('HINCRBY', KEYS[1], 'returns', 1)
end
redis.call('HSET', KEYS[1], 'revision', ARGV[1], 'total', ARGV[2], 'limit', ARGV[3], 'opens', ARGV[4],
    'closes', ARGV[5], 'state', ARGV[6], 'price', ARGV[7], 'currency', ARGV[8])
return {'AMENDED'}
