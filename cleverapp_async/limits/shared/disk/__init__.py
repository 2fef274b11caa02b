"""Limits that the processes of one machine keep together in a file: no server is needed.

**The rule** is that of the log in Redis, told in the package above: ``rule.py`` says in Python what
``exchange.lua`` says in Lua, on a :class:`KeyLog` in memory. A test holds the two to each other,
step by step. What a process knows and asks is the same code for both.

**The file** is SQLite's, one for each account: a row for each key, which a short transaction reads,
carries on and writes back. ``BEGIN IMMEDIATE`` is the only lock; a process that is killed loses it
with its handles. Nothing is forced to the disk, so a commit costs no wait for it: what the kernel
was given outlives the process.

**The clock** is the machine's own where it has one that no one sets and that goes on while the
machine sleeps (``CLOCK_BOOTTIME`` of Linux). It begins anew when the machine starts, so the boot's
id is written down with it. A log of another boot is gone on with by the clock of the day, which
matters to long pauses alone: as the machine may have lost what was written last, nothing is granted
until it has been up for a whole (the longest) period, and then nothing of before counts any more.
Elsewhere the clock of the day is all there is: a step back is made good by an offset, and a step
forward is noticed by every process that lives through it.
"""
