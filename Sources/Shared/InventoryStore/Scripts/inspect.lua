#!lua flags=no-writes
-- Reads an event's stock and all that is on its way from it to Postgres, in one step.
--
-- KEYS  1 event  2 buyers  3 intents  4... order records of the orders asked for
-- ARGV  1 event id  2 group  3 most entries to look through (0: none is looked at)  4... user ids of the buyers asked
--       for
-- Reply STOCK epoch available total returns backlog unacknowledged delivered units {held} {on the stream} {released}
--       {retaken}
--       unacknowledged: entries of the partition that somebody was given and that are not acknowledged; delivered: id of
--       the last entry given to anyone; units: of this event's entries on the stream, given or not. Of each buyer asked
--       for: the count (-1: none that can be read), and units on the stream. Of each order asked for: 1 when its units
--       came back; 1 when units of this stock were taken again for it.
--       ABSENT (there is no stock) | FILLING (a load is under way) | UNREADABLE (a number of the stock is none)
--       CROWDED backlog (more entries than are looked through)
-- Error INVALID (an argument that is none)
--
-- Keeps: all figures are of one instant, so that what is accepted meanwhile shows on both sides of the balance or on
-- neither. It writes nothing. O(entries looked through + buyers and orders asked for).

local function whole(text)
    if type(text) == 'string' and #text <= 15 and (text == '0' or string.match(text, '^%-?[1-9]%d*$')) then
        return tonumber(text)
    end
    return nil
end

local most = whole(ARGV[3])
if not (ARGV[2] and most and most >= 0) then
    return redis.error_reply('INVALID number of entries, or an argument is missing')
end
local event = redis.call('HMGET', KEYS[1], 'epoch', 'available', 'total', 'returns', 'filling')
if not event[1] then
    return {event[5] and 'FILLING' or 'ABSENT'}
end
local reply = {'STOCK'}
for i = 1, 4 do
    reply[i + 1] = whole(event[i])
    if not reply[i + 1] then
        return {'UNREADABLE'}
    end
end
local backlog = redis.call('XLEN', KEYS[3])
if most > 0 and backlog > most then
    return {'CROWDED', backlog}
end
local unacknowledged, delivered = 0, '0-0'
if redis.call('EXISTS', KEYS[3]) == 1 then
    for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[3])) do
        local facts = {}
        for i = 1, #group, 2 do
            facts[group[i]] = group[i + 1]
        end
        if facts['name'] == ARGV[2] then
            unacknowledged, delivered = facts['pending'], facts['last-delivered-id']
        end
    end
end
local units, ofBuyer = 0, {}
if most > 0 and backlog > 0 then
    for _, entry in ipairs(redis.call('XRANGE', KEYS[3], '-', '+')) do
        local facts = {}
        for i = 1, #entry[2], 2 do
            facts[entry[2][i]] = entry[2][i + 1]
        end
        local quantity = whole(facts['quantity'])
        if facts['event'] == ARGV[1] and quantity and quantity >= 1 then
            units = units + quantity
            ofBuyer[facts['user'] or ''] = (ofBuyer[facts['user'] or ''] or 0) + quantity
        end
    end
end
local held, onStream, released, retaken = {}, {}, {}, {}
for i = 4, #ARGV do
    local count = whole(redis.call('HGET', KEYS[2], ARGV[i]) or '0')
    held[i - 3] = count and count >= 0 and count or -1
    onStream[i - 3] = ofBuyer[ARGV[i]] or 0
end
for i = 4, #KEYS do
    local order = redis.call('HMGET', KEYS[i], 'released', 'retaken')
    released[i - 3] = order[1] and 1 or 0
    retaken[i - 3] = order[2] == event[1] and 1 or 0
end
reply[6], reply[7], reply[8], reply[9] = backlog, unacknowledged, delivered, units
reply[10], reply[11], reply[12], reply[13] = held, onStream, released, retaken
return reply
