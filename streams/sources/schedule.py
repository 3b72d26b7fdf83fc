"""A workforce schedule as CSV: text enters, ``agent.scheduled`` events leave, and every line that is none with why.

The first line names the columns, in any order: ``agent``, ``start``, ``end``, ``activity`` and ``paid``. Times are
ISO 8601; one without an offset is the clock of the zone given. ``activity`` is an agent state of the contract
("available" when empty), ``paid`` is yes or no (yes when empty). Pure: ``told_at`` is an argument.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple, get_args
from zoneinfo import ZoneInfo

from streams.events import AgentScheduled, AgentState

COLUMNS: Final = ("agent", "start", "end", "activity", "paid")
REQUIRED: Final = ("agent", "start", "end")
_PAID: Final = {"": True, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class Problem(NamedTuple):
    """A line (the first is 1) that cannot be used, and what to do about it."""

    line: int
    what: str


class Schedule(NamedTuple):
    """What a file holds; with a problem in it, better publish nothing than half a schedule."""

    events: list[AgentScheduled]
    problems: list[Problem]


def read_schedule(lines: Iterable[str], zone: ZoneInfo, told_at: int, source: str = "schedule") -> Schedule:
    """The schedule of a file, told at ``told_at`` (epoch ms). The same line told twice at once is one event.

    Where a clock repeats an hour in autumn its first pass is meant; an hour skipped in spring is read as after it.
    """
    rows = csv.DictReader(lines)
    missing = [name for name in REQUIRED if name not in (rows.fieldnames or ())]
    if missing:
        named = ", ".join(COLUMNS)
        return Schedule([], [Problem(1, f"there is no column {', '.join(missing)}: the first line names {named}")])
    events: dict[str, AgentScheduled] = {}
    problems = []
    for row in rows:
        made = _event({name: (row.get(name) or "").strip() for name in COLUMNS}, zone, told_at, source)
        if isinstance(made, str):
            problems.append(Problem(rows.line_num, made))
        else:
            events[made.event_id] = made
    return Schedule(list(events.values()), problems)


def _event(cells: dict[str, str], zone: ZoneInfo, told_at: int, source: str) -> AgentScheduled | str:
    if not 0 < len(cells["agent"]) <= 256:
        return "agent is empty or too long: give the id that the agent's events have"
    times = []
    for name in ("start", "end"):
        try:
            at = datetime.fromisoformat(cells[name])
        except ValueError:
            return f"{name} is no time: write 2026-03-02T08:00, with an offset such as +01:00 if it is not the zone's"
        times.append(round((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000))
    start, end = times
    if end <= start:
        return "end is not after start: exchange them"
    activity = cells["activity"] or "available"
    if activity not in get_args(AgentState):
        return f"activity is none of {', '.join(get_args(AgentState))}"
    paid = _PAID.get(cells["paid"].lower())
    if paid is None:
        return "paid is neither yes nor no"
    return AgentScheduled(
        event_id=f"schedule/{told_at}/{cells['agent']}/{start}/{end}/{activity}", occurred_at=told_at, source=source,
        agent_id=cells["agent"], starts_at=start, ends_at=end, activity=activity, paid=paid,  # type: ignore[arg-type]
    )  # fmt: skip
