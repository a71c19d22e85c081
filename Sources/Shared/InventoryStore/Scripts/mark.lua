#!lua flags=allow-oom
-- Leaves a lane's mark in the partition: the epoch of its lease, by which scripts know a lane that came after it.
--
-- KEYS  1 progress
-- ARGV  1 epoch of the lane's lease  2 channel
-- Reply CURRENT (the mark is there) | MARKED (a lane before this one had left its own) | EMPTY (there was none: Redis is
--       new, or has lost its memory) | RESTARTED (another server process answers than the one that was marked last: it
--       may remember less) | FENCED (a later lane has marked the partition)
-- Error INVALID (an argument that is none)
--
-- Keeps: the mark only ever moves forward (I12). A mark that cannot be read counts as none. `run` is the id of the server
-- process, which is another one after each start, on a replica that took over, and on a node that the slot moved to;
-- what such a server holds may be older than what its predecessor has answered (P35). `lost` is when a loss was noticed,
-- milliseconds since 1970. After one, those who wait for orders are told to look again, since theirs may be lost: an
-- empty message names no order. It also runs when memory is full, since the lane that makes room begins with it. O(1).

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
local progress = redis.call('HMGET', KEYS[1], 'mark', 'run')
local mark = whole(progress[1])
if mark and mark > epoch then
    return {'FENCED'}
end
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if mark and progress[2] == run then
    if mark == epoch then
        return {'CURRENT'}
    end
    redis.call('HSET', KEYS[1], 'mark', ARGV[1])
    return {'MARKED'}
end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'mark', ARGV[1], 'run', run, 'lost',
    string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)))
redis.call('PUBLISH', ARGV[2], '')
return {mark and 'RESTARTED' or 'EMPTY'}
