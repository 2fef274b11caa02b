-- Prolongs a lease. One that ran out is taken up again, as long as nobody else took it.
-- KEYS: lease, fences. ARGV: unit, fence, who holds it, milliseconds. Gives 1, or 0: it is lost.
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1
