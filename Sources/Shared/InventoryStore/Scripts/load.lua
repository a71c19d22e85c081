#!lua
-- Fills an event's stock from Postgres, when none is loaded or only an older load is.
--
-- KEYS  1 event  2 intents  3 buyers  4 progress
-- ARGV  1 epoch of this load  2 `1` when the event was loaded before, so that intents may be on their way
--       3 available  4 total  5 limit  6 opens  7 closes (milliseconds since 1970; 0: none)  8 state
--       9 price (minor units)  10 currency  11 revision  12 buyers of this load  13 epoch of the lane's lease
--       14 milliseconds that a final record is kept
-- Reply LOADED | WAIT (intents of this event may be undelivered or unacknowledged, or not all buyers of this load are
--       there, or the lane's mark is gone with Redis' memory: read Postgres again later) | CURRENT (this load is there, or a later one is there or has begun)
--       FENCED (a later lane has marked the partition)
-- Error INVALID (an argument that is none)
--
-- Sent when the pages of `fill.lua` were answered, so one that comes late to a Redis that was emptied since finds no
-- `filling` (P35).
--
-- Keeps: stock on its way is never counted twice: a second load waits until nothing is left on the stream from before
-- `since`, when admission to this event ended, and an old lane's load never replaces a newer one (P34, P35). Other
-- events of the partition may go on selling meanwhile. Nobody is admitted before the buyers' counts of the same load
-- are there (I6). A lane that stood still between its reading of Postgres and this call, while another lane committed
-- what its figure does not include, loads nothing (I12). `remembers` is until when no order record of the event can
-- have expired; 0 when there were orders before this load. `run` is the server process that it is loaded into. All is
-- checked before the first write (P5). O(1).

local function whole(text)
    if type(text) == 'string' and #text <= 15 and (text == '0' or string.match(text, '^%-?[1-9]%d*$')) then
        return tonumber(text)
    end
    return nil
end

for _, i in ipairs({1, 3, 4, 5, 6, 7, 9, 11, 12, 13, 14}) do
    if not whole(ARGV[i]) then
        return redis.error_reply('INVALID number in argument ' .. i)
    end
end
-- Whether one stream id comes after another.
local function after(id, other)
    local milliseconds, number = string.match(id, '^(%d+)-(%d+)$')
    local otherMilliseconds, otherNumber = string.match(other, '^(%d+)-(%d+)$')
    if not (milliseconds and otherMilliseconds) then
        return false
    end
    local difference = tonumber(milliseconds) - tonumber(otherMilliseconds)
    return difference > 0 or (difference == 0 and tonumber(number) > tonumber(otherNumber))
end

local mark = redis.call('HGET', KEYS[4], 'mark')
if mark ~= ARGV[13] then
    return {mark and 'FENCED' or 'WAIT'}
end
local epoch = whole(ARGV[1])
local event = redis.call('HMGET', KEYS[1], 'epoch', 'filling', 'since')
if (whole(event[1]) or 0) >= epoch or (whole(event[2]) or 0) > epoch then
    return {'CURRENT'}
end
if event[2] ~= ARGV[1] or redis.call('HLEN', KEYS[3]) ~= whole(ARGV[12]) then
    return {'WAIT'}
end
if ARGV[2] == '1' then
    local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', '1')[1]
    if oldest and not after(oldest[1], event[3] or '') then
        return {'WAIT'}
    end
end
local remembers = 0
if ARGV[12] == '0' then
    local time = redis.call('TIME')
    remembers = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + whole(ARGV[14])
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'available', ARGV[3], 'total', ARGV[4], 'limit', ARGV[5],
    'opens', ARGV[6], 'closes', ARGV[7], 'state', ARGV[8], 'price', ARGV[9], 'currency', ARGV[10],
    'revision', ARGV[11], 'returns', '0', 'remembers', string.format('%.0f', remembers),
    'run', string.match(redis.call('INFO', 'server'), 'run_id:(%x+)'))
return {'LOADED'}
