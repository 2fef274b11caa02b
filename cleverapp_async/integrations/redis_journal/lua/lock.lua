-- Takes the leases of several units, or none of them where somebody has one.
-- KEYS: fences, then the lease of each unit. ARGV: who asks, milliseconds, then each unit.
-- Gives 1 and the fence of each, or 0, the unit and who has it.
for number = 2, #KEYS do
    local held = redis.call('GET', KEYS[number])
    if held and held ~= ARGV[1] then
        return {0, ARGV[number + 1], held}
    end
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local found = {1}
for number = 2, #KEYS do
    local unit = ARGV[number + 1]
    local last = tonumber(redis.call('HGET', KEYS[1], unit) or '0')
    -- Greater than any before, as in acquire.lua: whoever had the unit writes no intent any more.
    local fence = string.format('%.0f', math.max(last + 1, now))
    redis.call('HSET', KEYS[1], unit, fence)
    redis.call('SET', KEYS[number], ARGV[1], 'PX', ARGV[2])
    found[#found + 1] = fence
end
return found
