#!lua flags=allow-oom
-- Leaves a lane's mark in the partition: the epoch of its lease, by which scripts know a lane that came after it.
--
-- KEYS  1 progress
-- ARGV  1 epoch of the lane's lease
-- Reply CURRENT (the mark is there) | MARKED (a lane before this one had left its own, or Redis has lost it with
--       everything else) | FENCED (a later lane has marked the partition)
-- Error INVALID (an argument that is none)
--
-- Keeps: the mark only ever moves forward (I12). A mark that cannot be read counts as none. It also runs when memory is
-- full, since the lane that makes room begins with it. O(1).

local function whole(text)
    if type(text) == 'string' and #text <= 15 and (text == '0' or string.match(text, '^%-?[1-9]%d*$')) then
        return tonumber(text)
    end
    return nil
end

local epoch = whole(ARGV[1])
if not (epoch and epoch >= 1) then
    return redis.error_reply('INVALID epoch')
end
local mark = whole(redis.call('HGET', KEYS[1], 'mark') or '0') or 0
if mark > epoch then
    return {'FENCED'}
end
if mark == epoch then
    return {'CURRENT'}
end
redis.call('HSET', KEYS[1], 'mark', ARGV[1])
return {'MARKED'}
