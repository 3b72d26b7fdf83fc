"""``queuepulse check-config``: a configuration enters, everything that is wrong with it leaves, and how to mend it.

What the worker would refuse is found by the same code (``load_checked``), so this cannot disagree with the worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from streams.settings import Settings, load
from streams.settings.network import exposed
from streams.settings.values import Problem, SettingsError
from streams.weighted import known_kpis, unknown_kpis

SERIES_A_WINDOW: Final = 40
SERIES_A_PARTITION: Final = 60
"""Time series of one busy queue on ``/metrics``, in each window and for each partition of each input that has calls."""
BYTES_A_SERIES: Final = 110


class Verdict(msgspec.Struct, frozen=True):
    """``problems`` is empty when the configuration can be used; ``hash`` is then what ``config_info`` will show.

    ``warnings``: what can be used and may surprise.
    """

    file: str | None
    problems: tuple[Problem, ...]
    hash: str | None
    settings: Settings | None
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems


def check(path: Path | None, environ: Mapping[str, str]) -> Verdict:
    """Read a configuration as the worker would. Never raises for what it finds in it."""
    file = None if path is None else str(path)
    try:
        settings = load_checked(path, environ)
    except SettingsError as error:
        return Verdict(file, error.problems, None, None)
    if problem := exposed(settings.web):  # no fault of the configuration of a report: only a worker refuses it
        return Verdict(file, (problem,), None, None)
    return Verdict(file, (), settings.hash, settings, _warnings(settings))


def _warnings(settings: Settings) -> tuple[str, ...]:
    """Whether the queues that are configured may be more than ``/metrics`` may show."""
    queues, windows, partitions = len(settings.queues), len(settings.windows), settings.broker.partitions
    series = queues * (SERIES_A_WINDOW * windows + SERIES_A_PARTITION * partitions)
    if series <= settings.worker.series_budget:
        return ()
    warning = (
        f"{queues:,} busy queues, {windows} windows and {partitions} partitions are about {series:,} time series, "
        f"{series * BYTES_A_SERIES / 1e6:,.0f} MB a scrape, in a worker that counts all partitions: above "
        f"worker.series_budget = {settings.worker.series_budget} /metrics has none of them. "
        "Raise it, show fewer windows, or spread the partitions over more workers."
    )
    return (warning,)


def load_checked(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Settings whose every name is known: what ``settings.load`` can't tell is looked up here. Raises SettingsError."""
    settings = load(path, environ)
    if problems := unknown_kpis(settings, known_kpis()):
        raise SettingsError(problems)
    return settings


def as_text(verdict: Verdict) -> str:
    """For a terminal: one paragraph for each problem, or one line that says what was read."""
    source = verdict.file or "no file (defaults and environment)"
    if verdict.settings is not None:
        queues = len(verdict.settings.queues)
        fine = f"{source}: fine. {queues} {'queue' if queues == 1 else 'queues'} configured, hash {verdict.hash}."
        return "\n".join([*verdict.warnings, fine])
    paragraphs = [
        f"{problem.key}\n  found:   {problem.found}\n  allowed: {problem.allowed}\n  mend:    {problem.mend}"
        for problem in verdict.problems
    ]
    count = len(verdict.problems)
    return "\n".join([*paragraphs, f"{source}: {count} {'problem' if count == 1 else 'problems'}."])


def as_json(verdict: Verdict) -> str:
    """For a machine: ``{"file", "ok", "hash", "problems": [{"key", "found", "allowed", "mend"}], "warnings"}``."""
    problems = [problem._asdict() for problem in verdict.problems]
    answer = {
        "file": verdict.file,
        "ok": verdict.ok,
        "hash": verdict.hash,
        "problems": problems,
        "warnings": verdict.warnings,
    }
    return msgspec.json.format(msgspec.json.encode(answer)).decode()
