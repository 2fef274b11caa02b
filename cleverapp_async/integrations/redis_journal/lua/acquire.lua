-- Takes a lease, unless somebody else has it. Each taking has a greater number, its fence.
-- KEYS: lease, fences. ARGV: unit, who asks (with a token of its own), milliseconds.
-- Gives {1, fence}, or {0, who has it}. Asked again by the same holder, it gives the same fence.
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[2] then
    return {0, held}
end
local fence
if held then
    fence = tonumber(redis.call('HGET', KEYS[2], ARGV[1]))
else
    fence = redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return {1, fence}
