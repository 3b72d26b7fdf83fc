"""Queuepulse: live contact-centre metrics from Kafka events.

Read the modules in this order to follow one record: ``events`` -> ``decode`` -> ``log`` -> ``contact`` and
``dialogue``, ``presence`` -> ``history`` -> ``contacts`` -> ``facts`` -> ``slices`` -> ``tally`` -> ``ledger`` ->
``partition`` -> ``view``, ``windows`` -> ``kpis`` -> ``snapshot`` -> ``api`` and ``exposition_worker``. Around them
is the Faust shell: ``transport`` -> ``app`` -> ``owned`` -> ``flusher``. ``docs/architecture.md`` says what each of
them does.
"""

__version__ = "0.1.0"
