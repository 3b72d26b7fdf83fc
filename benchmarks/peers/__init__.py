"""Others and us at the same job: the same records on the same Apache Kafka, one process on one core each, in turn.

The job: decode JSON, keep the state of each contact, count offered, answered and abandoned visits and sum up the waits
of answered ones, per queue and ten seconds of event time. ``python -m benchmarks.peers`` measures and compares; each
peer is one file in ``jobs/``, run by an environment of its own that the first run makes under ``.cache/``.
"""
