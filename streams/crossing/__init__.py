"""What crosses partitions: numbers about a customer or an agent, whose contacts stand in many partitions.

A source partition tells, beside its tallies, what is now true of each contact for its customer and its agents
(``tell``): small facts on two topics of the application, keyed by customer and by agent (``fact``). Each of their
partitions keeps who was told about (``streams.roster``, ``customers``, ``agents``), and counts what follows like any
other partition (``state``). ``docs/decisions/0013-what-crosses-partitions.md`` says why.
"""
