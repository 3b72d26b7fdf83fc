"""What must be counted of written conversations: the moments of one enter, what counts leaves. Part of the oracle.

The definitions are written out once more, from ``docs/definitions.md`` and not from the code under test: one pass over
what was said, with five clocks in local variables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from streams.simulate.spec import DAY_MS, HOUR_MS
from streams.simulate.truth import Moment

Entry = tuple[str, int, str, int]
"""Queue, time (epoch ms), name, number."""


PROMISED: Final = ("first_reply", "next_reply", "resolution")
STANDINGS: Final = frozenset(f"{name}_{how}" for name in PROMISED for how in ("running", "at_risk", "overdue"))
"""How what is promised stands at the end."""


class Promises(NamedTuple):
    """What every queue promises, ms (None: nothing), and its opening hours of every day, UTC."""

    first_reply_ms: int | None = None
    next_reply_ms: int | None = None
    resolution_ms: int | None = None
    opens_hour: int = 0
    closes_hour: int = 24

    def business_ms(self, start: int, end: int) -> int:
        """Opening hours between two instants."""
        total, midnight = 0, start - start % DAY_MS
        while midnight < end:
            opens, closes = midnight + self.opens_hour * HOUR_MS, midnight + self.closes_hour * HOUR_MS
            total += max(0, min(end, closes) - max(start, opens))
            midnight += DAY_MS
        return total


def counted(
    moments: Sequence[Moment], promises: Promises, given_up_ms: int | None, as_of_ms: int | None = None
) -> Iterator[Entry]:
    """Everything one conversation adds, and ``backlog`` when it is open at the end; nothing of a merged one.

    ``given_up_ms``: when it is closed as an orphan, None when that has not happened. With ``as_of_ms``, how its
    promises stand then.
    """
    if any(moment.what == "merged" for moment in moments):
        return
    created = moments[0].at_ms
    first_queue = next((moment.queue for moment in moments if moment.what == "queued"), "")
    yield first_queue, created, "created", 1
    handed_off = queued = asked = reopened = final = None
    replied = settled = resolved = ever_resolved = closed = False
    is_open = True
    for moment in moments:
        at, queue, what = moment.at_ms, moment.queue, moment.what
        if what == "queued":
            queued, is_open = at if queued is None else queued, True
        elif what == "handed_off" and handed_off is None:
            handed_off = at
        elif what == "customer" and replied and not settled and asked is None:
            asked = at
        elif what == "agent":
            yield queue, at, "replies", 1
            if not replied:
                replied = True
                yield from _first(queue, at, promises, created, created if handed_off is None else handed_off, queued)
            else:
                if reopened is not None:
                    yield queue, at, "reply_since_reopen_ms", at - reopened
                if asked is not None:
                    yield from _timed(queue, at, "next_reply", at - asked, promises.next_reply_ms, promises)
            asked = reopened = None
        elif what == "resolved":
            is_open = False
            if not resolved:
                resolved = settled = True
                asked = None
                final = (queue, at)
                if not ever_resolved:
                    yield queue, at, "first_resolution_ms", at - created
                ever_resolved = True
        elif what == "closed":
            is_open = False
            if not closed:
                closed = settled = True
                asked = None
                yield queue, at, "closed_ms", at - created
        elif what == "reopened":
            resolved = closed = settled = False
            is_open, reopened = True, at
            yield queue, at, "reopened", 1
        elif what == "abandoned":
            is_open = False
            if not replied and not resolved:
                resolved = settled = True
                yield queue, at, "unanswered", 1
        else:
            yield from _said_of_it(moment)
    if final is not None:
        queue, at = final
        yield from _timed(queue, at, "resolution", at - created, promises.resolution_ms, promises)
    last_queue = next((moment.queue for moment in reversed(moments) if moment.what == "queued"), "")
    if is_open and given_up_ms is None:
        yield last_queue, moments[-1].at_ms, "backlog", 1
        if as_of_ms is not None and not (resolved or closed):
            asking = (None if replied else created if handed_off is None else handed_off, asked, created)
            yield from _standing(last_queue, as_of_ms, asking, promises)
    elif is_open and given_up_ms is not None and not replied and not resolved:
        yield last_queue, given_up_ms, "unanswered", 1


def _first(
    queue: str, at: int, promises: Promises, created: int, handed_off: int, queued: int | None
) -> Iterator[Entry]:
    yield queue, at, "reply_since_creation_ms", at - created
    yield queue, at, "reply_since_queue_ms", at - (created if queued is None else queued)
    yield from _timed(queue, at, "first_reply", at - handed_off, promises.first_reply_ms, promises)


def _timed(queue: str, at: int, name: str, ms: int, target: int | None, promises: Promises) -> Iterator[Entry]:
    yield queue, at, f"{name}_ms", ms
    yield queue, at, f"{name}_business_ms", promises.business_ms(at - ms, at)
    if target is not None:
        yield queue, at, f"{name}_{'met' if ms <= target else 'missed'}", 1


def _standing(
    queue: str, as_of: int, since: tuple[int | None, int | None, int], promises: Promises
) -> Iterator[Entry]:  # fmt: skip
    """Whether what is promised still runs, is at risk (three quarters are gone) or overdue."""
    for name, at, target in zip(PROMISED, since, promises[:3], strict=True):
        if at is None or target is None:
            continue
        if as_of - at > target:
            yield queue, as_of, f"{name}_overdue", 1
        else:
            yield queue, as_of, f"{name}_running", 1
            yield queue, as_of, f"{name}_at_risk", int(4 * (as_of - at) >= 3 * target)


def _said_of_it(moment: Moment) -> Iterator[Entry]:
    """Tags, comments, surveys and reviews; scores in thousandths of their scale."""
    queue, at, what = moment.queue, moment.at_ms, moment.what
    if what == "complaint":
        yield queue, at, "complaints", 1
    elif what == "commented":
        yield queue, at, "comments", 1
    elif what == "survey_sent":
        yield queue, at, "surveys_sent", 1
    elif what in ("qa", "peer"):
        yield queue, at, f"{what}_score", round(1000 * moment.value)
    elif what in ("csat", "nps", "agent_nps", "ces", "emotion", "servqual", "expected"):
        yield queue, at, f"{what}_score", round(1000 * (moment.value - moment.low) / (moment.high - moment.low))
        satisfied, dissatisfied = (9, 6) if moment.high == 10 else (moment.high - 1, moment.low + 1)
        if moment.value >= satisfied:
            yield queue, at, f"{what}_high", 1
        elif moment.value <= dissatisfied:
            yield queue, at, f"{what}_low", 1
