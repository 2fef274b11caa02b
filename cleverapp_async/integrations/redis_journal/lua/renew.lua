-- Prolongs the leases of some units, or none of them where one is lost. A lease that ran out is taken
-- up again, as long as nobody else took it: then its unit has a greater fence by now.
-- KEYS: fences, then the lease of each unit. ARGV: who holds them, milliseconds, then the number of
-- each unit and its fence. Gives 1, or 0: one is lost.
for number = 2, #KEYS do
    local at = 2 * number - 1
    if redis.call('HGET', KEYS[1], ARGV[at]) ~= ARGV[at + 1] then
        return 0
    end
end
for number = 2, #KEYS do
    redis.call('SET', KEYS[number], ARGV[1], 'PX', ARGV[2])
end
return 1
