"""The pure core, compiled: with QUEUEPULSE_COMPILE=1 (`make compile`) mypyc makes an extension of these modules.

Everything else about the package is in pyproject.toml. Without the variable nothing is compiled, and the same modules
run as they are: slower, with the same results.
"""

import os

from setuptools import setup

CORE = (
    "facts", "contact/__init__", "contact/nouns", "contact/entry", "contact/state", "contact/moves", "contact/handling",
    "contact/dialogue", "contact/history", "contact/log", "contacts", "timers",
    "crossing/fact", "crossing/wire", "crossing/tell", "crossing/outbox",
    "tally/__init__", "tally/people", "tally/conversations", "ledger", "books", "cells", "starts", "stirred", "sums",
    "maxima", "trust/__init__", "measures/days", "partition", "decode", "contact/shown",
    "crossing/state", "crossing/customers", "crossing/agents", "crossing/pages", "crossing/now",
    "roster", "packed", "placing",
)  # fmt: skip

if os.environ.get("QUEUEPULSE_COMPILE") == "1":
    from mypyc.build import mypycify

    extensions = mypycify([f"streams/{module}.py" for module in CORE], opt_level="3", debug_level="0", multi_file=True)
else:
    extensions = []

setup(ext_modules=extensions)
