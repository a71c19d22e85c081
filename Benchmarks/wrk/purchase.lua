-- wrk script: one purchase a request, by many buyers in turn, each with an Idempotency-Key of its own.
--
--   wrk -t1 -c64 -d5s -s purchase.lua URL -- TOKENS-FILE EVENT-ID KEY-PREFIX
--
-- TOKENS-FILE has one JWT a line. KEY-PREFIX (8 hexadecimal digits) must differ between runs, or a run would repeat the
-- orders of the one before. What can be built before the run is, so that the generator takes as little of the machine
-- as it can. It prints, as one line starting with RESULT:
-- requests, microseconds, statuses above 399, socket errors, and the latency at 50 and 99 percent in microseconds.

local heads = {}
local tail
local prefix
local sent = 0

function init(arguments)
    local event = arguments[2]
    prefix = arguments[3]
    local body = '{"eventId":"' .. event .. '","quantity":1}'
    local host = wrk.headers["Host"] or (wrk.host .. ":" .. wrk.port)
    for token in io.lines(arguments[1]) do
        heads[#heads + 1] = "POST /api/tickets/purchase HTTP/1.1\r\nHost: " .. host
            .. "\r\nContent-Type: application/json\r\nContent-Length: " .. #body
            .. "\r\nAuthorization: Bearer " .. token .. "\r\nIdempotency-Key: " .. prefix .. "-0000-4000-8000-"
    end
    tail = "\r\n\r\n" .. body
end

function request()
    sent = sent + 1
    return heads[sent % #heads + 1] .. string.format("%012x", sent) .. tail
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
