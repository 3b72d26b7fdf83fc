"""Numbers from outside: what no event tells (costs, customers lost, quotas, paid hours) and what is made of it.

Records of the compacted topic ``measures`` enter (``record``), the latest of each are kept (``book``), and the
composed KPIs (``formulas``) leave as outcomes that name their inputs and, while there is no value, what is missing
(``outcome``). ``period`` says what time a number is about, ``inputs`` which numbers are known, ``own`` which of them
are counted here.
"""
