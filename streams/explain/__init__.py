"""Why a number is what it is: its formula with the counts put in, the rules in force, what was left out, who is behind.

``catalogue`` names what can be explained, ``formula`` works a window's number out, ``live`` one of now, ``rules`` says
which settings decide and where they come from, ``left_out`` what does not count and why, ``behind`` which contacts
count. Pure: a snapshot and the partitions enter, plain values leave; ``streams.api.explain`` makes the JSON.
"""
