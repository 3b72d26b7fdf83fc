"""Queuepulse: live contact-centre metrics from Kafka events.

Read the modules in this order to follow one record: ``events`` -> ``decode`` -> ``contact`` / ``presence`` ->
``slices`` -> ``tally`` -> ``partition`` -> ``kpis`` -> ``exposition``; ``app`` and ``transport`` are the Faust shell.
"""

__version__ = "0.1.0"
