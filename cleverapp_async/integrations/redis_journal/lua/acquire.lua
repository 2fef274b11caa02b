-- Takes a lease, unless somebody else has it. Each taking has a greater number than those before, its
-- fence.
-- KEYS: lease, fences. ARGV: unit, who asks (with a token of its own), milliseconds.
-- Gives {1, fence}, or {0, who has it}. Asked again by the same holder, it gives the same fence.
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[2] then
    return {0, held}
end
local fence
if held then
    fence = redis.call('HGET', KEYS[2], ARGV[1])
else
    -- The clock lends its number, so that it grows also when the campaign was erased meanwhile.
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
    local last = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
    fence = string.format('%.0f', math.max(last + 1, now))
    redis.call('HSET', KEYS[2], ARGV[1], fence)
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return {1, fence}
