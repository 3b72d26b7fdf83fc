"""The counters of ``/metrics``: flushed totals of each owned partition enter, families leave.

Every counter bears its source topic and partition: it belongs to them, is restored with them, and goes on where it was
when another worker takes over. ``max without(instance)`` comes before any sum or rate, and the sums are right. A total
never goes down: what a correction takes back is in ``..._corrected_total``, to be subtracted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from streams import tally as y
from streams.books import CORRECTED, TAG_ROW, TEAM_ROW, net
from streams.events import TOPICS
from streams.exposition.families import Family, Point, counter
from streams.snapshot import Part
from streams.tally import conversations, people
from streams.view import FLOOR, Key


class Total(NamedTuple):
    """How one field of a tally is shown. ``always``: also while it is 0, because ratios divide by it or it by them."""

    name: str
    help: str
    labels: Mapping[str, str] = {}
    always: bool = False
    milliseconds: bool = False


_IN_WORDS: Final = {
    "offered": "Visits that entered the queue.",
    "answered": "Visits that ended with an agent.",
    "abandoned": "Visits whose customer gave up in the queue, short ones too.",
    "short_abandoned": "Abandoned visits with a wait below short_abandon_seconds.",
    "answered_in_threshold": "Visits answered with a wait of at most the queue's service level threshold.",
    "abandoned_in_threshold": "Visits abandoned with a wait of at most the queue's service level threshold.",
    "orphaned": "Visits whose end never came and that were closed; in no ratio.",
    "answered_wait_ms": "Sum of the waits of answered visits; / answered = average speed of answer.",
    "abandoned_wait_ms": "Sum of the waits of abandoned visits; / abandoned = average abandon time.",
    "flowed_out_wait_ms": "Sum of the waits of visits that flowed out.",
    "callbacks_in_threshold": "Callback requests made within the service level threshold.",
    "callback_visits": "Visits that are the call back; among the offered.",
    "rejoined": "Visits of a contact back into a queue it had left unanswered; among the offered.",
    "implied_offers": "Visits whose offer was never seen, told by their end; among the offered.",
    "segments": "Handle segments: the time of one agent with one contact.",
    "talk_ms": "Sum of talk; / segments = mean talk.",
    "hold_ms": "Sum of hold; / segments = mean hold.",
    "wrap_ms": "Sum of after-contact work; (talk + hold + this) / segments = average handle time.",
    "holds": "Times a customer was put on hold.",
    "wraps": "Segments with after-contact work that has ended.",
    "transfers_within": "Contacts an agent handed on within the queue.",
    "transfers_across": "Contacts an agent handed on to another queue.",
    "escalations": "Contacts that were escalated.",
    "alerts": "Times a contact rang at an agent's desk.",
    "offers_missed": "Ring, no answer: offers an agent did not take; / alerts = share missed.",
    "offers_cancelled": "Offers that ended because the customer left: not the agent's fault.",
    "ring_ms": "Sum of the ring time of answered offers; / rings = pick-up speed.",
    "rings_too_quick": "Answered offers that rang for less than the queue's band.",
    "rings_too_slow": "Answered offers that rang for longer than the queue's band.",
    "rings": "Answered offers with a known ring time.",
    "ivr_abandoned": "Customers who hung up before any queue; never an abandonment of a queue.",
    "calls": "Contacts that are over.",
    "call_ms": "Sum of their durations, ring and queue included; / calls = average call duration.",
    "repeated": "Transitions that had already happened and changed nothing.",
    "unmatched": "Ends without a beginning and without a measured wait; in no ratio.",
    "skewed": "Durations that came out negative and were taken as 0: clocks that disagree.",
    "consults": "Consultation legs; never part of handling.",
}
_ALWAYS: Final = frozenset({y.OFFERED, y.ANSWERED, y.ABANDONED, y.SHORT_ABANDONED, y.ANSWERED_IN_T})
_EXCLUDED: Final = {field: reason for reason, field in y.EXCLUDED_BY.items()}


def shown_as(name: str) -> str:
    """What a count is called in a metric: seconds for milliseconds."""
    if name == "segments":
        return "handle_segments"
    return name.removesuffix("_ms") + "_seconds" if name.endswith("_ms") else name


def _totals() -> dict[int, Total]:
    found = {}
    for field, name in y.NAMES.items():
        if name in _IN_WORDS:
            found[field] = Total(shown_as(name), _IN_WORDS[name], {}, field in _ALWAYS, name.endswith("_ms"))
    for reason, field in y.FLOWED_OUT_BY.items():
        help_ = "Visits that left unanswered for another reason than the customer's patience; the sum is all of them."
        found[field] = Total("flowed_out", help_, {"reason": reason})
    for field, reason in _EXCLUDED.items():
        help_ = "Contacts that are no customers of a queue: test calls, outbound, internal and merged ones."
        found[field] = Total("excluded", help_, {"reason": reason})
    for state, field in y.STATE_MS.items():
        help_ = (
            "Time agents spent in a state, counted when the state ends. In every queue they serve: don't add queues, "
            f'queue="{FLOOR}" is the floor.'
        )
        found[field] = Total("agent_state_seconds", help_, {"state": state}, False, True)
    for field, name in conversations.NAMES.items():
        if name == "tagged":
            continue  # by tag, not by queue
        found[field] = Total(f"conversation_{shown_as(name)}", _of_conversations(name), {}, False, name.endswith("_ms"))
    for field, name in people.NAMES.items():
        help_ = people.MEANINGS[field]
        if name.startswith("connected_"):
            found[field] = Total("connected", _CONNECTED, {"disposition": name.removeprefix("connected_")})
        else:
            found[field] = Total(shown_as(name), help_, {}, False, name.endswith("_ms"))
    return found


_CONNECTED: Final = "Outbound attempts by what they reached."


def _of_conversations(name: str) -> str:
    words = name.removesuffix("_ms").replace("_", " ")
    if name.endswith("_score") or name == "servqual_expected":
        return f"Conversations and surveys: sum of {words}, in thousandths of the scale."
    return f"Conversations and surveys: {'sum of the times of ' if name.endswith('_ms') else ''}{words}."


TOTALS: Final = _totals()
"""Every field of a tally that is a counter; ``flowed_out`` is there by reason."""

_EVENTS: Final = {
    "events": ("events", "type", "Events understood."),
    "rejected": ("rejected", "reason", "Records refused; they are on the rejected topic."),
    "duplicate": ("duplicates", "", "Events seen before; they changed nothing."),
    "out_of_order": ("out_of_order", "", "Events older than the last of their contact; put where they belong."),
    "late": ("late", "", "Facts older than the windows keep; in the totals all the same."),
    "late_after_close": ("late_after_close", "", "Events of contacts already forgotten; they changed nothing."),
    "facts": ("facts", "", "Facts about customers or agents that were taken."),
    "repeated_facts": ("repeated_facts", "", "Facts told again after a crash or by two workers; they changed nothing."),
    "orphaned_contacts": ("orphaned_contacts", "reason", "Contacts closed though nobody told of their end."),
}
_OF_A_SOURCE: Final = {
    "events": "Events understood.",
    "duplicates": "Events seen before; they changed nothing.",
    "out_of_order": "Events older than the last of their contact.",
    "late": "Events too late for the windows or for a contact that is over.",
    "negative_durations": "Durations that came out negative and were taken as 0: its clock disagrees with another.",
    "rejected": 'Records refused; under "other" also those whose source cannot be read or is not known.',
}


def counters(parts: Iterable[Part]) -> list[Family]:
    """Totals by queue, their corrections, histograms of the speed of answer, and what became of the events.

    All of them, those without a sample too.
    """
    shown: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
    histogram: list[Point] = []
    corrected: list[Point] = []
    events: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
    of_sources: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
    for part in parts:
        where = {"topic": part.topic, "partition": str(part.number)}
        has_visits = part.topic in TOPICS  # facts about people have none: their zeros would be series for nothing
        for key, fields in part.totals.items():
            if key[0].startswith(TEAM_ROW):
                continue
            if key[0].startswith(TAG_ROW):
                labels = {"tag": key[0].removeprefix(TAG_ROW), "channel": key[1], **where}
                tagged = conversations.FIELD["tagged"]
                shown["tagged"].append((labels, net(fields, tagged)))
                continue
            labels = {**_names(key), **where}
            for field, total in TOTALS.items():
                value, back = fields.get(field, 0), fields.get(field + CORRECTED, 0)
                scale = 1000 if total.milliseconds else 1
                if value or (total.always and key[1] and has_visits):
                    shown[total.name].append(({**labels, **total.labels}, value / scale))
                if back:
                    shown[total.name + "_corrected"].append(({**labels, **total.labels}, back / scale))
            if key[1] and has_visits:
                histogram += _speed_of_answer(fields, labels, 0)
                if fields.get(y.ANSWERED + CORRECTED):
                    corrected += _speed_of_answer(fields, labels, CORRECTED)
        for name, n in part.counters.items():
            kind, _, label = name.partition("|")
            if kind == "source":
                what, _, source = label.partition("|")
                of_sources[what].append(({"source": source, **where}, n))
            elif kind in _EVENTS:
                labelled = {_EVENTS[kind][1]: label} if label else {}
                events[kind].append(({**labelled, **where}, n))
    found = [counter(name, help_, shown[name]) for name, help_ in _helps().items()]
    found += [counter(name, help_, events[kind]) for kind, (name, _, help_) in sorted(_EVENTS.items())]
    found += [
        counter(f"source_{what}", f"By source. {help_}", of_sources[what])
        for what, help_ in sorted(_OF_A_SOURCE.items())
    ]
    help_ = "Waits of answered visits, less speed_of_answer_corrected_seconds; usual thresholds are exact edges."
    found.append(Family("speed_of_answer_seconds", "histogram", help_, histogram))
    help_ = "What corrections took back of speed_of_answer_seconds; subtract it, bucket by bucket."
    found.append(Family("speed_of_answer_corrected_seconds", "histogram", help_, corrected))
    return found


def _helps() -> dict[str, str]:
    """The help of every counter of a queue, and of what is taken back of it."""
    helps = {"tagged": 'Conversations that were given a tag; those that are not configured are "other".'}
    for total in TOTALS.values():
        helps[total.name] = total.help
        helps[total.name + "_corrected"] = f"Taken back by corrections; subtract it. {total.help}"
    return helps


def _names(key: Key) -> dict[str, str]:
    """The labels of a book; those without a channel are about agents, and without a queue about all of them."""
    queue, channel = key
    return {"queue": queue, "channel": channel} if channel else {"queue": queue or FLOOR}


def _speed_of_answer(fields: Mapping[int, int], labels: Mapping[str, str], shift: int) -> Iterable[Point]:
    buckets = y.histogram(fields, y.ANSWERED_WAITS + shift)
    seen = n = 0
    for seconds in y.THRESHOLDS_SECONDS:
        while n < len(buckets) and y.EDGES_MS[buckets[n][0]] <= seconds * 1000:
            seen += buckets[n][1]
            n += 1
        yield Point({**labels, "le": f"{seconds:.1f}"}, seen, "_bucket")
    count = sum(number for _, number in buckets)
    yield Point({**labels, "le": "+Inf"}, count, "_bucket")
    yield Point(labels, count, "_count")
    yield Point(labels, fields.get(y.ANSWERED_WAIT_MS + shift, 0) / 1000, "_sum")
