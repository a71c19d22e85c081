#!lua flags=allow-oom
-- Leaves a lane's mark in the partition: the epoch of its lease, by which scripts know a lane that came after it.
--
-- KEYS  1 progress
-- ARGV  1 epoch of the lane's lease  2 channel
-- Reply CURRENT (the mark is there) | MARKED (a lane before this one had left its own) | EMPTY (there was none: Redis is
--       new, or has lost its memory) | FENCED (a later lane has marked the partition)
-- Error INVALID (an argument that is none)
--
-- Keeps: the mark only ever moves forward (I12). A mark that cannot be read counts as none. When there was none, those
-- who wait for orders are told to look again, since theirs may be lost: an empty message names no order. It also runs when memory is
-- full, since the lane that makes room begins with it. O(1).

local function whole(text)
    if type(text) == 'string' and #text <= 15 and (text == '0' or string.match(text, '^%-?[1-9]%d*$')) then
        return tonumber(text)
    end
    return nil
end

local epoch = whole(ARGV[1])
if not (epoch and epoch >= 1 and ARGV[2]) then
    return redis.error_reply('INVALID epoch or channel')
end
local mark = whole(redis.call('HGET', KEYS[1], 'mark') or '')
if mark and mark > epoch then
    return {'FENCED'}
end
if mark == epoch then
    return {'CURRENT'}
end
redis.call('HSET', KEYS[1], 'mark', ARGV[1])
if mark then
    return {'MARKED'}
end
redis.call('PUBLISH', ARGV[2], '')
return {'EMPTY'}
