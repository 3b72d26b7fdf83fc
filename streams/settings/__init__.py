"""Settings: a TOML file and environment variables enter, one frozen ``Settings`` leaves, read once.

No file at all works: every setting has a default. ``QUEUEPULSE_<SECTION>__<KEY>`` (two underscores) overrides the file,
``..._FILE`` names a file that holds the value; secrets are read only from there. A wrong value raises
``SettingsError`` with every problem: which key, what was found, what is allowed, the mend. Only ``load`` reads files.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct, field

from streams.events import AgentState, Channel
from streams.settings.env import overlay
from streams.settings.network import Broker as Broker
from streams.settings.network import Web as Web
from streams.settings.network import contradictions, secrets_in_file
from streams.settings.values import (
    HolidayCalendar,
    Problem,
    SettingsError,
    Spans,
    Weekday,
    Window,
    Zone,
    decode_hook,
    problems_in,
    show,
    window_seconds,
)

Preset: TypeAlias = Literal[
    "answered_only",
    "all_abandons_against",
    "abandons_in_t_credit",
    "abandons_in_t_excluded",
    "short_abandons_credit",
    "short_abandons_excluded",
    "with_flowouts",
    "removed_from_queue",
    "offered",
    "live_adjusted",
]
Attribution: TypeAlias = Literal["event_time", "arrival", "contact_arrival"]
Clock: TypeAlias = Literal["wall", "stream"]
ReplyClock: TypeAlias = Literal["creation", "handoff", "queue"]

Seconds = Annotated[float, Meta(ge=0.0, le=86_400.0)]
TargetSeconds = Annotated[float, Meta(gt=0.0, le=30 * 86_400.0)]
Ratio = Annotated[float, Meta(ge=0.0, le=1.0)]
Label = Annotated[str, Meta(min_length=1, max_length=120)]

DEFAULT_WINDOWS: Final = ("1m", "5m", "15m", "30m", "1h", "today")
ORPHAN_HOURS: Final[dict[Channel, float]] = {
    "voice": 4.0, "video": 4.0, "chat": 12.0, "messaging": 168.0, "sms": 168.0, "social": 168.0, "email": 720.0,
    "ticket": 720.0,
}  # fmt: skip


class PriorityTargets(Struct, frozen=True, kw_only=True):
    """Response and resolution targets of one priority, instead of the queue's; None leaves the queue's in force."""

    first_reply_target_seconds: TargetSeconds | None = None
    next_reply_target_seconds: TargetSeconds | None = None
    resolution_target_seconds: TargetSeconds | None = None


class QueueSettings(Struct, frozen=True, kw_only=True):
    """How one queue is counted and judged. A target of None is not judged; no opening hours means always open."""

    channel: Channel | None = None
    service_level_threshold_seconds: Seconds = 20.0
    service_level_target_ratio: Ratio = 0.8
    short_abandon_seconds: Seconds = 5.0
    ring_band_from_seconds: Seconds = 0.0
    ring_band_to_seconds: Seconds = 20.0
    preset: Preset = "short_abandons_excluded"
    attribution: Attribution = "event_time"
    timezone: Zone = "UTC"
    opening_hours: dict[Weekday, Spans] = field(default_factory=dict)
    holidays: tuple[date, ...] = ()
    holiday_calendar: HolidayCalendar | None = None
    asa_target_seconds: TargetSeconds | None = None
    abandonment_target_ratio: Ratio | None = None
    oldest_wait_target_seconds: TargetSeconds | None = None
    first_reply_clock: ReplyClock = "handoff"
    first_reply_target_seconds: TargetSeconds | None = None
    next_reply_target_seconds: TargetSeconds | None = None
    resolution_target_seconds: TargetSeconds | None = None
    targets_in_business_hours: bool = False
    at_risk_ratio: Ratio = 0.75
    max_occupancy_ratio: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    shrinkage_ratio: Annotated[float, Meta(ge=0.0, le=0.95)] = 0.0
    priorities: dict[Annotated[str, Meta(pattern=r"^-?[0-9]{1,9}$")], PriorityTargets] = field(default_factory=dict)
    group: Label | None = None


class Weight(Struct, frozen=True, kw_only=True):
    """What one KPI counts in the weighted model, and its target; at most ``cap`` times the target is credited."""

    weight: Annotated[float, Meta(gt=0.0, le=1_000.0)]
    target: Annotated[float, Meta(gt=0.0, le=1e12)]
    better: Literal["higher", "lower"] = "higher"
    cap: Annotated[float, Meta(ge=1.0, le=10.0)] = 1.2


class MeasureSettings(Struct, frozen=True, kw_only=True):
    """Numbers from outside: where their days begin, and the currency of every amount (ISO 4217), None if not said."""

    timezone: Zone = "UTC"
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")] | None = None


class Retention(Struct, frozen=True, kw_only=True):
    """How long state is kept, in event time. ``orphan_hours``: a contact of the channel open for longer is closed.

    ``repeat_days``: a contact begun within them after another of the customer's was resolved is a repeat.
    ``agent_days``: an agent nobody speaks of and who has no plan is forgotten after them.
    """

    fine_minutes: Annotated[int, Meta(ge=2, le=24 * 60)] = 70
    coarse_days: Annotated[int, Meta(ge=1, le=60)] = 8
    stub_hours: Annotated[float, Meta(gt=0.0, le=24.0 * 60)] = 24.0
    stub_days_linked: Annotated[float, Meta(gt=0.0, le=60.0)] = 7.0
    agent_days: Annotated[float, Meta(ge=1.5, le=366.0)] = 8.0
    repeat_days: Annotated[float, Meta(gt=0.0, le=30.0)] = 7.0
    correction_minutes: Annotated[int, Meta(ge=0, le=24 * 60)] = 30
    orphan_hours: dict[Channel, Annotated[float, Meta(gt=0.0, le=24.0 * 366)]] = field(
        default_factory=lambda: dict(ORPHAN_HOURS)
    )
    max_queues: Annotated[int, Meta(ge=1, le=100_000)] = 2_000
    comments: Annotated[int, Meta(ge=0, le=10_000)] = 200


class WorkerSettings(Struct, frozen=True, kw_only=True):
    """How the worker paces itself. A source silent for ``stale_after_seconds`` is shown as stale, not as quiet.

    ``share_seconds``: the others are told so often of the partitions counted here; 0: never, and each worker shows its
    own. ``whole_floor``: show what the others tell as well. ``untested_versions``: start although a library that the
    transport leans on is not the tested one.
    """

    flush_interval_seconds: Annotated[float, Meta(ge=0.02, le=60.0)] = 0.2
    loop_hold_seconds: Annotated[float, Meta(ge=0.001, le=1.0)] = 0.02
    stale_after_seconds: Annotated[float, Meta(ge=1.0, le=86_400.0)] = 30.0
    series_budget: Annotated[int, Meta(ge=100, le=1_000_000)] = 200_000
    share_seconds: Annotated[float, Meta(ge=0.0, le=60.0)] = 1.0
    whole_floor: bool = True
    untested_versions: bool = False


class Settings(Struct, frozen=True, kw_only=True, dict=True):
    """Everything that can be configured. ``Settings()`` is the configuration of an empty file."""

    queues: dict[Label, QueueSettings] = field(default_factory=dict)
    groups: dict[Label, tuple[Label, ...]] = field(default_factory=dict)
    defaults: QueueSettings = QueueSettings()
    windows: tuple[Window, ...] = DEFAULT_WINDOWS
    clock: Clock = "wall"
    retention: Retention = field(default_factory=Retention)
    agent_states: dict[Label, AgentState] = field(default_factory=dict)
    measures: MeasureSettings = MeasureSettings()
    weights: dict[Label, Weight] = field(default_factory=dict)
    team_weights: dict[Label, dict[Label, Weight]] = field(default_factory=dict)
    teams: dict[Label, tuple[Label, ...]] = field(default_factory=dict)
    tags: tuple[Label, ...] = ()
    broker: Broker = Broker()
    web: Web = Web()
    worker: WorkerSettings = WorkerSettings()

    def queue(self, name: str) -> QueueSettings:
        """The settings of a queue; the defaults for one that is not configured."""
        return self.queues.get(name, self.defaults)

    @property
    def hash(self) -> str:
        """Twelve hex digits over everything that changes a number's meaning: not broker, web or worker."""
        cached: str | None = self.__dict__.get("_hash")
        if cached is None:
            meaning = (
                self.queues,
                self.groups,
                self.defaults,
                self.windows,
                self.clock,
                self.retention,
                self.agent_states,
                self.tags,
                self.teams,
                self.measures,
                self.weights,
                self.team_weights,
            )
            cached = hashlib.sha256(msgspec.json.encode(meaning, order="deterministic")).hexdigest()[:12]
            self.__dict__["_hash"] = cached
        return cached


def load(path: Path | str | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings of a TOML file (None: no file) under the environment's overrides.

    Raises SettingsError with every problem, among them a file that is missing or not TOML.
    """
    raw: dict[str, Any] = {}
    if path is not None:
        try:
            raw = tomllib.loads(Path(path).read_text("utf-8"))
        except OSError as error:
            reason = error.strerror or str(error)
            raise SettingsError([Problem(str(path), reason.lower(), "a readable file", "Check the path.")]) from error
        except ValueError as error:  # bad TOML or bad UTF-8
            raise SettingsError([Problem(str(path), str(error), "TOML, in UTF-8", "Mend that line.")]) from error
    return from_raw(raw, environ or {})


def from_raw(raw: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """Settings of a parsed TOML document under the environment's overrides. Raises SettingsError with every problem."""
    problems = secrets_in_file(raw)
    merged, names, unread = overlay(raw, environ, Settings)
    problems += unread
    problems += [p._replace(key=names.get(p.key, p.key)) for p in problems_in(merged, Settings, "")]
    if problems:
        raise SettingsError(problems)
    settings = msgspec.convert(_inherit(merged), Settings, dec_hook=decode_hook)
    if problems := _contradictions(settings):
        raise SettingsError(problems)
    said = {name: frozenset(queue) for name, queue in merged.get("queues", {}).items()}
    settings.__dict__["_said"] = {**said, "": frozenset(merged.get("defaults", {}))}  # for streams.settings.origin
    return settings


def _inherit(raw: dict[str, Any]) -> dict[str, Any]:
    """What is left unsaid: a queue takes the defaults, a channel its orphan limit, a group the queues that name it."""
    defaults = raw.get("defaults", {})
    queues = {name: {**defaults, **queue} for name, queue in raw.get("queues", {}).items()}
    groups = {name: list(members) for name, members in raw.get("groups", {}).items()}
    for name, queue in queues.items():
        group = queue.get("group")
        if group is not None and name not in groups.setdefault(group, []):
            groups[group].append(name)
    retention = dict(raw.get("retention", {}))
    retention["orphan_hours"] = {**ORPHAN_HOURS, **retention.get("orphan_hours", {})}
    return {**raw, "queues": queues, "groups": groups, "retention": retention}


def _contradictions(settings: Settings) -> list[Problem]:
    """Values that are right alone and wrong together."""
    return [*contradictions(settings.broker, settings.web), *_window_contradictions(settings)]


def _window_contradictions(settings: Settings) -> list[Problem]:
    problems = []
    fine, coarse = settings.retention.fine_minutes * 60, settings.retention.coarse_days * 86_400
    for n, window in enumerate(settings.windows):
        seconds = window_seconds(window) or 0
        if window in settings.windows[:n]:
            problems.append(Problem(f"windows[{n}]", show(window), "each window once", "Remove the repetition."))
        elif seconds > coarse:
            mend = "Raise retention.coarse_days or choose a shorter window."
            problems.append(Problem(f"windows[{n}]", show(window), f"at most {settings.retention.coarse_days}d", mend))
        elif seconds > fine and seconds % 900:
            mend = "Raise retention.fine_minutes, or round the window to a quarter of an hour."
            problems.append(Problem(f"windows[{n}]", show(window), "a multiple of 15m beyond fine_minutes", mend))
    return problems
