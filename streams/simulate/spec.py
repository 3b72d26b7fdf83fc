"""What floor to simulate: queues, groups of agents, habits of callers, the shape of the day.

What enters are a few numbers (``demo``: when and at which hour of the day; ``for_rate``: how many events a second);
what leaves is one frozen ``Spec``. Seconds where a person would write them; a rate is a probability in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

Media: TypeAlias = Literal["voice", "written", "outbound"]
Written: TypeAlias = Literal["chat", "messaging", "email"]

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

#: Arrivals by hour of the day against the busiest hour: peaks at 10-12 and 14-16, a quiet night.
OFFICE_DAY: Final = (
    0.05, 0.04, 0.03, 0.03, 0.04, 0.08, 0.16, 0.30, 0.58, 0.84, 1.00, 1.00,
    0.86, 0.84, 0.98, 0.98, 0.80, 0.55, 0.36, 0.26, 0.20, 0.14, 0.09, 0.07,
)  # fmt: skip
FLAT_DAY: Final = (1.0,) * 24

#: Begin and end (hour of the day; past 24 is the next morning) and the share of a group's peak strength that works it.
OFFICE_SHIFTS: Final = (
    (6.0, 14.0, 0.22), (7.5, 15.5, 0.23), (8.25, 16.5, 0.25), (9.5, 17.75, 0.20), (10.0, 18.0, 0.10),
    (13.5, 21.5, 0.30), (21.25, 30.25, 0.12),
)  # fmt: skip
ROUND_THE_CLOCK: Final = ((0.0, 24.0, 1.0),)


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """One queue. ``per_day`` contacts arrive on a whole day; ``full_at`` waiting contacts turn the next one away."""

    name: str
    channel: Literal["voice"] | Written = "voice"
    per_day: float = 1_000.0
    talk_seconds: float = 170.0
    acw_seconds: float = 25.0
    patience_seconds: float = 240.0
    timeout_seconds: float = 300.0
    overflow_to: str | None = None
    transfers_to: tuple[str, ...] = ()
    priority: int = 0
    open_hours: tuple[float, float] = (0.0, 24.0)
    full_at: int = 1_000_000


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """Agents with the same skills; ``count`` work at the peak. An outbound group serves one queue: a campaign."""

    team: str
    queues: tuple[str, ...]
    count: int
    media: Media = "voice"
    capacity: int = 1


@dataclass(frozen=True, slots=True)
class Habits:
    """How often things happen, per contact (per ring for ``no_answer``)."""

    ivr_abandon: float = 0.04
    straight_to_queue: float = 0.10
    no_answer: float = 0.03
    impatient: float = 0.015
    hold: float = 0.16
    hang_up_on_hold: float = 0.03
    transfer: float = 0.07
    transfer_waiting: float = 0.006
    escalate: float = 0.02
    monitored: float = 0.01
    callback: float = 0.10
    voicemail: float = 0.02
    key_exit: float = 0.01
    no_wrap_up: float = 0.10
    test: float = 0.005
    internal: float = 0.01
    solved_by_bot: float = 0.15
    merged: float = 0.01
    reopened: float = 0.05
    surveyed: float = 0.4
    responds: float = 0.4
    reviewed: float = 0.04
    ring_seconds: float = 5.0
    hold_seconds: float = 40.0
    ivr_seconds: float = 22.0


@dataclass(frozen=True, slots=True)
class Spec:
    """One simulation: from ``start_ms`` for ``duration_ms``, on a floor whose local midnight is ``midnight_ms``.

    With ``drain`` nobody new arrives after the end, and the stream goes on until the last contact is over (two days at
    most); without it the stream is cut there and leaves contacts open.
    """

    start_ms: int
    duration_ms: int
    midnight_ms: int
    queues: tuple[QueueSpec, ...]
    groups: tuple[GroupSpec, ...]
    day: tuple[float, ...] = OFFICE_DAY
    shifts: tuple[tuple[float, float, float], ...] = OFFICE_SHIFTS
    habits: Habits = field(default_factory=Habits)
    drain: bool = False
    heartbeat_ms: int = 5_000
    agent_heartbeat_ms: int = 60_000
    missing_ends: float = 0.0

    @property
    def end_ms(self) -> int:
        """The first moment after the simulated time."""
        return self.start_ms + self.duration_ms


def demo(start_ms: int, duration_seconds: float, *, hour: float = 10.0, scale: float = 1.0) -> Spec:
    """Four voice queues and two written ones with about 40 agents at the peak; it is ``hour`` o'clock at the start.

    ``scale`` multiplies contacts and agents alike. Near the peaks service level moves between 70 and 90 %.
    """

    def agents(count: int) -> int:
        return max(1, round(count * scale))

    queues = (
        QueueSpec("billing", per_day=1_650 * scale, talk_seconds=170, acw_seconds=25, patience_seconds=230,
                  timeout_seconds=240, overflow_to="support", transfers_to=("support", "vip"),
                  full_at=round(60 * scale) + 5),
        QueueSpec("sales", per_day=990 * scale, talk_seconds=210, acw_seconds=30, patience_seconds=160,
                  transfers_to=("billing",), open_hours=(7.0, 21.0)),
        QueueSpec("support", per_day=1_160 * scale, talk_seconds=240, acw_seconds=35, patience_seconds=320,
                  timeout_seconds=420, transfers_to=("billing", "vip")),
        QueueSpec("vip", per_day=245 * scale, talk_seconds=200, acw_seconds=30, patience_seconds=300, priority=10,
                  overflow_to="support", timeout_seconds=180, transfers_to=("support",)),
        QueueSpec("chat", "chat", per_day=1_300 * scale, talk_seconds=520, patience_seconds=260,
                  transfers_to=("email",)),
        QueueSpec("email", "email", per_day=260 * scale, talk_seconds=420, patience_seconds=10 * 3_600),
    )  # fmt: skip
    groups = (
        GroupSpec("north", ("billing", "sales"), agents(13)),
        GroupSpec("south", ("billing", "support"), agents(11)),
        GroupSpec("experts", ("vip", "support", "sales"), agents(10)),
        GroupSpec("writers", ("chat", "email"), agents(5), "written", 3),
        GroupSpec("callers", ("renewals",), agents(2), "outbound"),
    )
    return Spec(
        start_ms, int(duration_seconds * 1000), start_ms - int(hour * HOUR_MS), queues=queues, groups=groups
    )  # fmt: skip


def for_rate(events_per_second: float, start_ms: int, duration_seconds: float) -> Spec:
    """A flat day with about this many events a second, for load: the mix of ``demo``, short talks, twelve voice queues.

    A contact takes about a dozen events, agents' states included; talks are so short that 40,000 agents are enough for
    30,000 events a second. The rate is reached when the first contacts have come to their end (a minute or two).
    """
    calls, chats = 0.90 * events_per_second / 11.6, 0.10 * events_per_second / 16.0
    busy_seconds = min(200.0, 16_000.0 / max(calls, 0.001))
    names = tuple(f"load-{n:02}" for n in range(12))
    queues = tuple(
        QueueSpec(name, per_day=calls / 12 * 86_400, talk_seconds=busy_seconds * 0.8, acw_seconds=busy_seconds * 0.15,
                  patience_seconds=120, transfers_to=(names[n - 1],))
        for n, name in enumerate(names)
    )  # fmt: skip
    written = QueueSpec("load-chat", "chat", per_day=chats * 86_400, talk_seconds=busy_seconds, patience_seconds=120)
    voice_agents = max(1, round(calls / 12 * (busy_seconds + 10.0) * 1.12) + 2)
    groups = (
        *(GroupSpec(f"team-{n:02}", (name, names[n - 1]), voice_agents) for n, name in enumerate(names)),
        GroupSpec("team-chat", ("load-chat",), max(1, round(chats * busy_seconds / 3 * 1.6) + 2), "written", 3),
    )
    return Spec(
        start_ms, int(duration_seconds * 1000), start_ms, (*queues, written), groups, FLAT_DAY, ROUND_THE_CLOCK,
        Habits(ivr_seconds=min(22.0, busy_seconds), hold_seconds=busy_seconds / 5), agent_heartbeat_ms=600_000,
    )  # fmt: skip
