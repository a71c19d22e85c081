#!lua flags=allow-oom
-- Brings an organiser's change to the loaded stock: price, window, state, limit, capacity.
--
-- KEYS  1 event  2 progress
-- ARGV  1 revision  2 total  3 limit  4 opens  5 closes  6 state  7 price  8 currency  9 milliseconds after a loss of
--       memory in which the event is not to be loaded
-- Reply AMENDED | CURRENT (this revision or a later one is there) | COLD (no stock is loaded, or one that lacks what
--       this version needs) | QUIET (the same, and it is not to be loaded yet)
-- Error INVALID (an argument that is none) | CORRUPT (a counter that is none)
--
-- Keeps: stock that was loaded into another server process is thrown away, since what this one holds of it may be older
-- than what that one has sold (`mark.lua` has noted the time). Capacity moves the stock by the difference to the total that this stock was loaded with, in the same step as
-- the total, so a repeated or late change counts once. Available may fall below zero when capacity is cut under a
-- running sale: nothing more is admitted, and Postgres decides who of those in line goes without. All is checked
-- before the first write (P5). It also runs when memory is full, so that a sale can be stopped then. O(1).

local function whole(text)
    if type(text) == 'string' and #text <= 15 and (text == '0' or string.match(text, '^%-?[1-9]%d*$')) then
        return tonumber(text)
    end
    return nil
end

for _, i in ipairs({1, 2, 3, 4, 5, 7, 9}) do
    if #ARGV ~= 9 or not whole(ARGV[i]) then
        return redis.error_reply('INVALID number in argument ' .. i .. ', or an argument is missing')
    end
end
local event = redis.call('HMGET', KEYS[1], 'revision', 'total', 'available', 'returns', 'remembers', 'run')
local lost = whole(redis.call('HGET', KEYS[2], 'lost'))
local isLoaded = event[1] and event[5]
if not isLoaded or event[6] ~= string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') then
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
    if isLoaded then
        redis.call('DEL', KEYS[1])
    end
    return {lost and now < lost + whole(ARGV[9]) and 'QUIET' or 'COLD'}
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
