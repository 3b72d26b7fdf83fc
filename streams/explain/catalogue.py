"""Everything that can be explained, by name: the KPIs of windows, the counts they are made of, and what is live.

The service level is ``service_level`` by the queue's own preset and ``service_level.<preset>`` by any other. A sum of
times is ``<what>_seconds_sum``. Names of KPIs and of live numbers are those of ``/api/floor``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from msgspec import structs

from streams import kpis
from streams import tally as y
from streams.counts import Counts
from streams.exposition.counters import TOTALS
from streams.kpis.kpi import Quantile
from streams.tally import conversations, people

SERVICE_LEVEL: Final = "service_level"
NOW: Final = "now"
"""The window of live numbers."""


class Entry(NamedTuple):
    """One number of a window: its unit, what it is in words, and how it comes from counts.

    ``preset`` is that of a service level. Without ``quantile`` the function is arithmetic.
    """

    name: str
    unit: str
    words: str
    function: Callable[[Counts], float | None]
    quantile: Quantile | None = None
    preset: str = ""


def called(count: str) -> str:
    """What a count is called in an explanation: sums of milliseconds are sums of seconds."""
    if count == "segments":
        return "handle_segments"
    if count in ("max_wait_ms", "max_answered_wait_ms"):
        return count.removesuffix("_ms") + "_seconds"
    return count.removesuffix("_ms") + "_seconds_sum" if count.endswith("_ms") else count


def meaning(count: str) -> str:
    """A count in words."""
    return _MEANINGS[count]


def entry(name: str, preset: str) -> Entry | None:
    """What is explained under a name, in a queue whose service level is by ``preset``; None when there is no such."""
    if name == SERVICE_LEVEL:
        return ENTRIES[f"{SERVICE_LEVEL}.{preset}"]._replace(name=SERVICE_LEVEL)
    return ENTRIES.get(name)


def _meanings() -> dict[str, str]:
    names = {**y.NAMES, **conversations.NAMES, **people.NAMES}
    return {
        **{names[field]: total.help for field, total in TOTALS.items()},
        **{people.NAMES[field]: words for field, words in people.MEANINGS.items()},
        **people.AGENTS,
        "flowed_out": "Visits that left unanswered for another reason than the customer's patience.",
        "max_wait_ms": "The longest wait of a visit that left.",
        "max_answered_wait_ms": "The longest wait of a visit that was answered.",
        "waiting_past_threshold": "Visits waiting now for longer than the service level threshold.",
        "tagged": "Tags that were given.",
        **{f"{state}_ms": f"Time agents spent in the state {state.replace('_', ' ')}." for state in y.AGENT_STATES},
    }


def _count(name: str) -> Entry:
    field = name in Counts.__struct_fields__

    def function(c: Counts) -> float | None:
        number = getattr(c, name) if field else c.of_people(name) if name in _PEOPLE else c.say(name)
        return None if number is None else number / 1000 if name.endswith("_ms") else number

    unit = "seconds" if name.endswith("_ms") else "thousandths" if name in _THOUSANDTHS else "count"
    return Entry(called(name), unit, _MEANINGS[name], function)


def _left(c: Counts) -> float | None:
    return c.left


def _preset(name: str) -> Entry:
    function = kpis.PRESETS[name]
    return Entry(f"{SERVICE_LEVEL}.{name}", "ratio", " ".join((function.__doc__ or "").split()), function, preset=name)


_MEANINGS: Final = _meanings()
_PEOPLE: Final = (*people.NAMES.values(), *people.AGENTS)
_THOUSANDTHS: Final = frozenset(
    name for name in conversations.NAMES.values() if name.endswith("_score") or name == "servqual_expected"
)
_COUNTED: Final = (
    *(f.name for f in structs.fields(Counts) if type(f.default) is int and f.name != "waiting_past_threshold"),
    "max_answered_wait_ms",
    *(name for name in conversations.NAMES.values() if name != "tagged"),
    *_PEOPLE,
)

_FOUND: Final = (
    *map(_preset, kpis.PRESETS),
    *(Entry(kpi.name, kpi.unit, kpi.formula, kpi.function, kpi.quantile) for kpi in kpis.REGISTRY),
    Entry("left", "count", 'The visits that a ratio over "offered" is taken of, by the attribution in force.', _left),
)
_TAKEN: Final = frozenset(found.name for found in _FOUND)
ENTRIES: Final[dict[str, Entry]] = {
    found.name: found for found in (*_FOUND, *(_count(name) for name in _COUNTED if called(name) not in _TAKEN))
}
"""Every number of a window that can be explained, by name."""

LIVE: Final[dict[str, tuple[str, str]]] = {
    "waiting": ("count", "Visits waiting now."),
    "waiting_past_threshold": ("count", "Visits waiting now for longer than the service level threshold."),
    "waiting_callbacks": ("count", "Callbacks among the waiting; they are never the oldest wait."),
    "oldest_wait_seconds": ("seconds", "How long the longest waiter has waited, callbacks aside; 0 when nobody waits."),
    "expected_wait_seconds": (
        "seconds",
        "What somebody who arrives now may expect: (waiting + 1) * AHT / agents serving; 0 with an agent free.",
    ),
    "handling": ("count", "Contacts in an agent's hands now."),
    "agents_staffed": ("count", "Agents signed in, each once."),
    "agents_serving": ("count", "Agents available, ringing, on contact or in after-contact work."),
    "agents_available": ("count", "Agents available."),
    "agents_available_share": ("agents", "Available agents; one who serves three queues is a third in each."),
    "slots": ("count", "Contacts the serving agents can have at once: their capacities, 1 where nobody told."),
    "slots_in_use": ("count", "Contacts in the hands of those agents, of any queue, each up to the capacity."),
    "slot_occupancy_ratio": ("ratio", "Slots in use / slots: an agent with one of three chats is a third occupied."),
    "voicemails": ("count", "Voicemails that nobody has dealt with, for seven days at most."),
    "conservation_residual": (
        "count",
        "Offered - answered - abandoned - flowed out - orphaned - waiting, since ever: 0, or there is a bug.",
    ),
}
"""Unit and meaning of every number of now that can be explained; their window is ``NOW``."""
