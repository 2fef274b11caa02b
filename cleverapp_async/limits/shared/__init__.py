"""Limits that many processes keep together: one log per key, in Redis or Valkey, or in a file.

What follows tells of Redis; ``disk/`` keeps the same log by the same rule for one machine.

**The log.** For each quota of a key there is a sorted set, the window: a slot's name, and when the
slot is free again, in microseconds of the Redis server's clock. At most N of its entries count at
any moment. One Lua script (``exchange.lua``) is the only writer: it takes in what a process has to
tell, then books what is certain, all quotas together, for the process that calls and for others
whose turn it is. What it answers is a delay, counted from the moment the answer is read; so no
clock but the server's counts, and whatever the way takes makes a request later, never earlier.

**Why it is exact.** A slot is stamped when the *answer* to its request arrives, as in one process.
A process tells how long ago that was; the script subtracts that from its own clock, so the stamp
lies at the answer or after it by what the way to Redis took, never before. A slot whose stamp is
not known counts as held. As it is reused a period after its stamp, and the stamp cannot lie before
now, a held slot is free a whole period from now at the earliest: "nothing is booked more than one
period ahead" and "nothing is booked on a guess" are the same rule.

**The guard.** A booked slot stands in its windows until the guard has passed since it was due, and
one period more. So a process that was killed or cut off needs no cleaning up after. The guard
outlasts an attempt; a process that lives renews what it holds every third of it. One that stood
still for half of it throws away what it was granted.

**When something is reported.** No slot can be reused before one period after its start. So a
process reports that a request has ended shortly before that, in one call with everything else:
endings, slots given back, the next booking. While no request waits, that one call is all there is.
A process with waiters is told when its next slot can be certain, sleeps until then, and asks once
more.

**What is granted ahead.** A process that goes on sending asks for some slots more than it has
waiters: as many as it used in the last moments (``Ledger.foresee``), when half of those it has are
used up. So requests find their slots here instead of waiting for the log. The log gives them only
where nobody waits, at once, and of windows that are not half full; each is held like any other, and
what is not used within ``Terms.foresight`` goes back. A quota that binds never sees any of this.

**Whose turn it is.** Inside a process the usual lanes decide; a slot is given to a request when it
is due. Among processes a queue in the log decides: each process gets a turn of some slots
(``Terms.turn``), in the order in which they came, but a slot is never kept for a process that
sleeps beyond the slot's moment. Slots that are booked for a sleeping process lie in the mail until
it calls. If it does not call in time, they go to others, which is safe as it never knew of them.

**What is given back.** A slot whose request provably never left, one that nobody waits for or is
expected to want any more, one granted before a pause began, and one granted in an answer that was
lost: after such an answer a process lists every slot it knows, and the script frees the rest of its
slots. A call that comes too late is recognised by its number and ignored.

**When something was lost.** A new run of the server, a log that is gone too soon, or a clock of
the server that ran ahead of ours: nothing is booked for one (the longest) period, and whoever holds
slots tells them again. A clock that steps back is made good by an offset that the log keeps.

Every process also keeps its own exact window in series: whatever Redis does, no single process
ever overruns a quota.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._imports import lazy_names

if TYPE_CHECKING:
    from .factory import SharedLimiterFactory

__all__ = ["SharedLimiterFactory"]

if not TYPE_CHECKING:
    # The registry's annotations name it; it is imported where limits are shared.
    __getattr__, __dir__ = lazy_names(__name__, {"SharedLimiterFactory": ".factory"})
