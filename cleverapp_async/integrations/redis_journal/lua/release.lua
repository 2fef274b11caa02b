-- Lets a lease go, where it is still ours. KEYS: lease, fences. ARGV: unit, fence.
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then
    return 0
end
redis.call('DEL', KEYS[1])
return 1
