"""Who will breach: places in the queue enter, the chance of an answer in time leaves, one for each waiting contact.

All agents are busy, so the contact at place k needs k departures: each next one comes at service + i * giving_up with i
still ahead. The time T they take has exp(-giving_up T) ~ Beta(service / giving_up, k), and P(T <= t) is a sum of k
positive terms (Poisson's when nobody gives up), built up from place to place: a whole queue costs as much as its last.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from typing import NamedTuple

from streams.staffing.erlang import Demand, shortened


class Outlook(NamedTuple):
    """What becomes of a waiting contact until its threshold; the three add up to 1.

    ``in_time``: answered by then. ``gives_up``: before then. ``breach``: still waiting when the threshold passes.
    """

    in_time: float
    gives_up: float
    breach: float


def outlook(demand: Demand, agents: float, waited: Sequence[float], threshold_seconds: float) -> list[Outlook]:
    """One ``Outlook`` for each waiting contact, in the order of answering; ``waited`` is how long each has, in seconds.

    Who has waited past the threshold has breached: (0, 0, 1). With nobody at work nobody is answered.
    """
    service, giving_up = agents / demand.aht_seconds, demand.giving_up_rate
    found = []
    for place, already in enumerate(waited, start=1):
        left = threshold_seconds - already
        if left < 0:
            found.append(Outlook(0.0, 0.0, 1.0))
            continue
        in_time = answered_by(service, giving_up, left, place)[-1]
        passed = passed_by(service, giving_up, left, place)[-1]
        breach = (1 - passed) * exp(-giving_up * left)
        found.append(Outlook(in_time, max(0.0, 1 - in_time - breach), breach))
    return found


def passed_by(service: float, giving_up: float, seconds: float, places: int) -> list[float]:
    """P(everybody ahead of place k, and one more service, are through after ``seconds``) for k = 1..places.

    For somebody of endless patience. ``service`` is all agents' rate together, ``giving_up`` one contact's, per second.
    """
    if service <= 0:
        return [0.0] * places
    step = shortened(seconds, giving_up)
    log_term = -service * seconds
    term = missing = _from_log(log_term)
    found = [1 - missing]
    for k in range(1, places):
        ratio = (service + (k - 1) * giving_up) * step / k
        if term > 0:
            term *= ratio
        elif ratio > 0:  # too small for a number so far
            log_term += log(ratio)
            term = _from_log(log_term)
        missing += term
        if missing >= 1:
            return found + [0.0] * (places - k)
        found.append(1 - missing)
    return found[:places]


def _from_log(log_term: float) -> float:
    """The number of this logarithm; 0 where it would be too small to bear as many digits as others."""
    return exp(log_term) if log_term > -700.0 else 0.0


def answered_by(service: float, giving_up: float, seconds: float, places: int) -> list[float]:
    """P(answered after at most ``seconds``, not having given up before) at places k = 1..places, all agents busy."""
    if service <= 0:
        return [0.0] * places
    passed = passed_by(service + giving_up, giving_up, seconds, places)
    return [p * service / (service + k * giving_up) for k, p in enumerate(passed, start=1)]


def expected_wait_seconds(demand: Demand, agents: float, waiting: int, available: int) -> float | None:
    """What somebody who arrives now, and stays, must expect: sum(1 / (service + i giving_up), i = 0..waiting).

    Those ahead may give up, which is what sets this apart from (waiting + 1) * AHT / agents. 0 with an agent free and
    nobody waiting; None when nobody is at work: no number is right then, and 0 least of all.
    """
    if agents <= 0:
        return None
    if available > 0 and waiting == 0:
        return 0.0
    service, giving_up = agents / demand.aht_seconds, demand.giving_up_rate
    return sum(1 / (service + i * giving_up) for i in range(waiting + 1))
