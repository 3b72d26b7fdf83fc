"""The peers: each file does the job as the documentation of its library would have it, and runs by itself.

It prints ``warm`` and ``done``, with how many records are counted, when a quarter and all of them are; then its totals,
for whoever started it: see ``common``. Live it prints ``took`` with how many are counted, each time that more are.
"""
