#!lua flags=allow-oom
-- Brings an organiser's change to the loaded stock: price, window, state, limit, capacity.
--
-- KEYS  1 event
-- ARGV  1 revision  2 total  3 limit  4 opens  5 closes  6 state  7 price  8 currency
-- Reply AMENDED | CURRENT (this revision or a later one is there) | COLD (no stock is loaded, or one that lacks what
--       this version needs)
-- Error INVALID (an argument that is none) | CORRUPT (a counter that is none)
--
-- Keeps: capacity moves the stock by the difference to the total that this stock was loaded with, in the same step as
-- the total, so a repeated or late change counts once. Available may fall below zero when capacity is cut under a
-- running sale: nothing more is admitted, and Postgres decides who of those in line goes without. All is checked
-- before the first write (P5). It also runs when memory is full, so that a sale can be stopped then. O(1).

local function whole(text)
    if type(text) == 'string' and #text <= 15 and (text == '0' or string.match(text, '^%-?[1-9]%d*$')) then
        return tonumber(text)
    end
    return nil
end

for _, i in ipairs({1, 2, 3, 4, 5, 7}) do
    if #ARGV ~= 8 or not whole(ARGV[i]) then
        return redis.error_reply('INVALID number in argument ' .. i .. ', or an argument is missing')
    end
end
local event = redis.call('HMGET', KEYS[1], 'revision', 'total', 'available', 'returns', 'remembers')
if not (event[1] and event[5]) then
    return {'COLD'}
end
for i = 1, 4 do
    if not whole(event[i]) then
        return redis.error_reply('CORRUPT a number of the stock is not a whole number')
    end
end
if whole(event[1]) >= whole(ARGV[1]) then
    return {'CURRENT'}
end
local difference = whole(ARGV[2]) - whole(event[2])
if difference ~= 0 then
    redis.call('HINCRBY', KEYS[1], 'available', string.format('%.0f', difference))
    redis.call('HINCRBY', KEYS[1], 'returns', 1)
end
redis.call('HSET', KEYS[1], 'revision', ARGV[1], 'total', ARGV[2], 'limit', ARGV[3], 'opens', ARGV[4],
    'closes', ARGV[5], 'state', ARGV[6], 'price', ARGV[7], 'currency', ARGV[8])
return {'AMENDED'}
