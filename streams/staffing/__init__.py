"""Staffing: how many agents a queue needs, has, and will need, and which waiting contact will not be answered in time.

Plain numbers enter and leave; no clock, no state, no random numbers. Read ``erlang`` (the long run), ``required``,
``estimate`` (inputs from counts), ``now``, ``breach`` (each waiting contact), ``transient`` and ``forecast`` (the next
minutes), ``arrivals`` (what will come), ``whatif`` and ``mend`` (changes, and who moves where).
"""
