#!lua
-- Writes one page of the buyers' counts before an event's stock is loaded.
--
-- KEYS  1 event  2 buyers  3 intents
-- ARGV  1 epoch of the load  2 `1` on the first page, which forgets what was there  3... user id, units, ... (at most
--       some thousand pairs)
-- Reply FILLED | CURRENT (this load is there, or a later one is there or has begun, or the first page of this one was
--       lost: nothing was written)
-- Error INVALID (an argument that is none)
--
-- Keeps: counts are only written while nobody can be admitted: the event holds nothing but `filling`, the epoch of the
-- load under way, until `load.lua` ends it. So pages of two loads never mix, and a page that was lost with Redis'
-- memory is not taken for written. `since` is the last id of the stream when admission ended: no later intent is of
-- this event. All is checked before the first write (P5); an unreadable epoch counts as none, since a load makes
-- everything anew. O(page).

local function whole(text)
    if type(text) == 'string' and #text <= 15 and (text == '0' or string.match(text, '^%-?[1-9]%d*$')) then
        return tonumber(text)
    end
    return nil
end

local epoch = whole(ARGV[1])
if not (epoch and epoch >= 1) or #ARGV % 2 ~= 0 then
    return redis.error_reply('INVALID epoch, or a user id without units')
end
for i = 4, #ARGV, 2 do
    local units = whole(ARGV[i])
    if not units or units < 0 then
        return redis.error_reply('INVALID units of a buyer')
    end
end
local event = redis.call('HMGET', KEYS[1], 'epoch', 'filling', 'since')
if (whole(event[1]) or 0) >= epoch then
    return {'CURRENT'}
end
if ARGV[2] == '1' then
    if (whole(event[2]) or 0) > epoch then
        return {'CURRENT'}
    end
    local since = event[2] and event[3]
    if not since then
        since = '0-0'
        if redis.call('EXISTS', KEYS[3]) == 1 then
            local stream = redis.call('XINFO', 'STREAM', KEYS[3])
            for i = 1, #stream, 2 do
                if stream[i] == 'last-generated-id' then
                    since = stream[i + 1]
                end
            end
        end
    end
    redis.call('DEL', KEYS[1], KEYS[2])
    redis.call('HSET', KEYS[1], 'filling', ARGV[1], 'since', since)
else
    if event[2] ~= ARGV[1] then
        return {'CURRENT'}
    end
    redis.call('HLEN', KEYS[2])
end
for i = 3, #ARGV, 2 do
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
end
return {'FILLED'}
