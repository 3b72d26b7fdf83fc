"""The peers: each file does the job as the documentation of its library would have it, and runs by itself.

It prints ``warm`` and ``done`` as a quarter and all of the records are counted, then its totals, for whoever started
it: see ``common``.
"""
