-- The log of one key, looked at and not touched.
--
-- KEYS  1 meta  2 processes  3 starts  4 mail  5.. one window per quota
-- ARGV  1 limit and period (microseconds) of each window, joined by spaces
-- Answers processes that wait, slots they want, slots held, microseconds until the next slot (-1:
-- after an ending that is not known yet), refusals, pause and hold, microseconds each.

local clock = redis.call('TIME')
local kept = redis.call('HMGET', KEYS[1], 'offset', 'last', 'paused', 'hold', 'refusals')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2]) + (tonumber(kept[1]) or 0)
now = math.max(now, tonumber(kept[2]) or 0)
local paused, hold = tonumber(kept[3]) or 0, tonumber(kept[4]) or 0

local waiting, wanted = 0, 0
for _, record in ipairs(redis.call('HVALS', KEYS[2])) do
    local demand = tonumber(string.match(record, '%S+ %S+ (%S+)'))
    if demand and demand > 0 then
        waiting, wanted = waiting + 1, wanted + demand
    end
end

local start, known = math.max(now, paused, hold), true
local place = 4
for limit, period in string.gmatch(ARGV[1], '(%d+) (%d+)') do
    place, limit, period = place + 1, tonumber(limit), tonumber(period)
    local count = redis.call('ZCARD', KEYS[place])
    if count >= limit then
        local entry = redis.call('ZRANGE', KEYS[place], count - limit, count - limit, 'WITHSCORES')
        local free = tonumber(entry[2])
        known = known and free <= now + period
        start = math.max(start, free)
    end
end

return {waiting, wanted, redis.call('ZCARD', KEYS[3]), known and start - now or -1,
    tonumber(kept[5]) or 0, math.max(0, paused - now), math.max(0, hold - now)}
