-- Lets the leases of several units go, where they are still those of who asks.
-- KEYS: the lease of each unit. ARGV: who asks.
for number = 1, #KEYS do
    if redis.call('GET', KEYS[number]) == ARGV[1] then
        redis.call('DEL', KEYS[number])
    end
end
return 1
