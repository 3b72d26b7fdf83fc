"""Staffing: what it costs, and how good its forecasts are on a simulated month of three queues that it was not made on.

``--tune`` takes other days than the published ones: choose by those, publish the others.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from statistics import fmean
from typing import Final, NamedTuple

from benchmarks.results import record
from benchmarks.staffing_month import GOAL, QUARTER, Day, day
from streams.staffing.arrivals import Arrivals, recent, usual
from streams.staffing.breach import outlook
from streams.staffing.erlang import Demand, Overload, steady
from streams.staffing.forecast import forecast, p_window_below
from streams.staffing.now import now
from streams.staffing.required import Goal, required, step_of
from streams.staffing.transient import Stage
from streams.staffing.warning import AHEAD_SECONDS, Watch, first, look

PEAKS: Final = (8.0, 18.0, 36.0)
"""Agents kept busy at the peak, in each of the floor's three queues; every queue has days of its own."""

ASSUMED_AHT, ASSUMED_PATIENCE, MINIMUM = 300.0, 180.0, 10


class Scores(NamedTuple):
    """What one day gives: errors of service level forecasts, chances with what came of them, warnings."""

    errors: list[tuple[float, float, float]]
    inside_band: list[bool]
    breaches: list[tuple[float, bool]]
    levels: list[tuple[float, bool]]
    foreseen: list[bool]
    false_alarms: list[bool]


class Minute(NamedTuple):
    """Whether the last quarter of an hour misses the goal, and the chance that it does ``AHEAD_SECONDS`` from now."""

    at: float
    missed: bool
    chance: float


def demand_at(of: Day, at: float) -> tuple[Demand, float]:
    """AHT of the last hour and patience of the day so far; the rate is filled in later. With the error of the AHT."""
    spent, n = of.handled(at - 3_600, at)
    given_up, waited = of.patience_seen(at)
    missing, impatient = max(0, MINIMUM - n), max(0, MINIMUM - given_up)
    aht = (spent + missing * ASSUMED_AHT) / (n + missing)
    patience = (waited + impatient * ASSUMED_PATIENCE) / (given_up + impatient)
    return Demand(0.0, aht, patience), (n + missing) ** -0.5


def arrivals_at(of: Day, at: float, quarter: int) -> Arrivals:
    """Earlier weeks scaled by today so far."""
    today = [of.arrivals(n * QUARTER, (n + 1) * QUARTER) for n in range(int(at // QUARTER))]
    return usual(of.weeks, today, quarter, QUARTER) or recent(of.arrivals(at - QUARTER, at), QUARTER)


def stages_at(of: Day, at: float, seconds: float) -> tuple[list[Stage], float]:
    """The stages until ``seconds`` from now, and the standard error of the demand as a share."""
    base, of_aht = demand_at(of, at)
    stages, here, error = [], at, 0.0
    while here < at + seconds:
        quarter = min(int(here // QUARTER), len(of.agents) - 1)
        until = min(at + seconds, (quarter + 1) * QUARTER) if here < len(of.agents) * QUARTER else at + seconds
        rate = arrivals_at(of, at, quarter)
        error = max(error, rate.uncertainty)
        stages.append(Stage(until - here, base._replace(arrivals_per_second=rate.per_second), of.agents[quarter]))
        here = until
    return stages, (error**2 + of_aht**2) ** 0.5


def judge(of: Day) -> Scores:
    """All forecasts of a day, from its second hour to its last."""
    found = Scores([], [], [], [], [], [])
    minutes: list[Minute] = []
    for at in range(3_600, 42_300, 60):
        waited = [at - v.arrived for v in of.waiting(at)]
        if at % 600 == 0:
            compare(of, at, waited, found)
        stages, error = stages_at(of, at, AHEAD_SECONDS)
        coming = forecast(stages, GOAL, busy=of.busy(at), waited=waited, uncertainty=error, quick=True)[-1]
        chance_below = p_window_below(of.window(at + AHEAD_SECONDS - QUARTER, at), coming, GOAL) or 0.0
        window = of.window(at - QUARTER, at)
        missed = window.in_time < GOAL.service_level * window.counted
        minutes.append(Minute(at, missed, chance_below))
    found.breaches.extend(looks(of))
    foreseen, false_alarms = warnings(minutes)
    found.foreseen.extend(foreseen)
    found.false_alarms.extend(false_alarms)
    return found


def looks(of: Day) -> list[tuple[float, bool]]:
    """P(breach) of a day, looked at every twenty seconds from its second hour to its last."""
    found: list[tuple[float, bool]] = []
    for at in range(3_600, 42_300, 20):
        look_at(of, at, found)
    return found


def look_at(of: Day, at: float, breaches: list[tuple[float, bool]]) -> None:
    """P(breach) of everybody waiting whose threshold is still to come, and whether they breached."""
    waiting = of.waiting(at)
    if not waiting:
        return
    demand, _ = demand_at(of, at)
    waited = [at - v.arrived for v in waiting]
    chances = outlook(demand, of.agents[int(at // QUARTER)], waited, GOAL.threshold_seconds)
    for visit, chance in zip(waiting, chances, strict=True):
        if at - visit.arrived <= GOAL.threshold_seconds:
            breaches.append((chance.breach, visit.wait > GOAL.threshold_seconds))


def warnings(minutes: list[Minute]) -> tuple[list[bool], list[bool]]:
    """For each breach whether a warning stood two minutes before it; for each warning whether it came to nothing.

    A warning came to nothing when no breach begins in the quarter of an hour after it.
    """
    watch, raised = first(minutes[0].at), 0.0
    alarms: list[float] = []
    onsets: list[float] = []
    foreseen: list[bool] = []
    for at, missed, chance in minutes:
        before: Watch = watch
        watch = look(before, at, missed, chance)
        if watch.began:
            onsets.append(at)
            foreseen.append(before.warned and raised <= at - 120)
        if watch.warned and (not before.warned or (before.in_breach and not watch.in_breach)):
            raised = at
            alarms.append(at)
    return foreseen, [not any(0 <= onset - alarm <= QUARTER for onset in onsets) for alarm in alarms]


def compare(of: Day, at: float, waited: list[float], found: Scores) -> None:
    """The service level of the next quarter of an hour: forecast, as now, and Erlang C on the last quarter."""
    came = [v for v in of.visits if at <= v.arrived < at + QUARTER] + of.waiting(at)
    counted = sum(v.answered or v.wait >= 5 for v in came)
    last = of.window(at - QUARTER, at)
    spent, n = of.handled(at - QUARTER, at)
    if counted < 5 or last.counted == 0 or n == 0:
        return
    truth = sum(v.answered and v.wait <= GOAL.threshold_seconds for v in came) / counted
    stages, error = stages_at(of, at, QUARTER)
    ours = forecast(stages, GOAL, busy=of.busy(at), waited=waited, uncertainty=error, quick=True)[-1]
    if ours.median is None or ours.low is None or ours.high is None or ours.p_below is None:
        return
    erlang_c = step_of(Demand(of.arrivals(at - QUARTER, at) / QUARTER, spent / n), stages[0].agents, GOAL)
    guesses = (ours.median, last.in_time / last.counted, erlang_c.service_level)
    found.errors.append((abs(guesses[0] - truth), abs(guesses[1] - truth), abs(guesses[2] - truth)))
    found.inside_band.append(ours.low - 1e-9 <= truth <= ours.high + 1e-9)
    found.levels.append((ours.p_below, truth < GOAL.service_level))


def reliability(pairs: list[tuple[float, bool]]) -> tuple[list[tuple[str, str, str, str]], float, float]:
    """Rows by tenth of the chance given (its mean, how often it came true), the widest gap, and the Brier score."""
    rows, widest = [], 0.0
    for tenth in range(10):
        inside = [(p, came) for p, came in pairs if min(9, int(p * 10)) == tenth]
        if inside:
            said, was = fmean(p for p, _ in inside), fmean(came for _, came in inside)
            widest = max(widest, abs(said - was))
            rows.append((f"{tenth * 10}-{tenth * 10 + 10} %", f"{len(inside):,}", f"{said:.1%}", f"{was:.1%}"))
    return rows, widest, fmean((p - came) ** 2 for p, came in pairs)


def cost() -> None:
    """Processor time of one queue, by its size."""
    rows = []
    for agents in (10, 20, 50, 100):
        demand, goal = Demand(agents * 0.9 / 240, 240, 200), Goal(0.8, 20, 5)
        stages = [Stage(900, demand, agents)]
        works = (
            (partial(_long_run, demand, agents, goal), 50),
            (partial(required, demand, goal), 50),
            (partial(now, demand, agents, goal, waited=[9.0, 5.0, 1.0]), 20),
            (partial(forecast, stages, goal, busy=agents, uncertainty=0.1, quick=True), 3),
        )
        rows.append((str(agents), *(f"{_milliseconds(work, times):.2f}" for work, times in works)))
    header = ("agents", "long run, service level", "required agents", "all of now", "next 15 minutes")
    record(
        "Staffing: cost", "python -m benchmarks.bench_staffing", header, rows, "Milliseconds of processor time a queue."
    )


def _long_run(demand: Demand, agents: int, goal: Goal) -> float:
    state = steady(demand, agents)
    if isinstance(state, Overload):
        raise TypeError("with patience there is no overload")
    return state.service_level(goal.threshold_seconds, goal.short_abandon_seconds)


def _milliseconds(work: Callable[[], object], times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times * 1_000


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30, help="of a floor of three queues")
    parser.add_argument("--tune", action="store_true", help="other days than the published ones; prints only")
    arguments = parser.parse_args()
    cost()
    first = 10_000 if arguments.tune else 20_000
    days = range(first, first + arguments.days * len(PEAKS))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        scores = list(pool.map(_judged, days))
    report(scores, f"python -m benchmarks.bench_staffing --days {arguments.days}", keep=not arguments.tune)


def _judged(seed: int) -> Scores:
    return judge(day(seed, PEAKS[seed % len(PEAKS)]))


def report(scores: list[Scores], command: str, *, keep: bool) -> None:
    """The tables."""
    errors = [row for score in scores for row in score.errors]
    ours, same, erlang_c = (fmean(row[n] for row in errors) for n in range(3))
    inside = fmean(hit for score in scores for hit in score.inside_band)
    foreseen = [hit for score in scores for hit in score.foreseen]
    false = [miss for score in scores for miss in score.false_alarms]
    below, below_gap, below_brier = reliability([pair for score in scores for pair in score.levels])
    rows = [
        ("service level, next 15 minutes: mean absolute error", f"{ours:.3f}"),
        ("... same as the last 15 minutes", f"{same:.3f}"),
        ("... Erlang C on the last 15 minutes", f"{erlang_c:.3f}"),
        ("its band of 8 in 10 held", f"{inside:.1%} of {len(errors):,}"),
        ("P(below the goal): Brier score, widest gap of a tenth", f"{below_brier:.3f}, {below_gap:.1%}"),
        ("breaches of the last 15 minutes' level foreseen two minutes before", _share(foreseen)),
        ("warnings that came to nothing", _share(false)),
    ]
    table, gap, brier = reliability([pair for score in scores for pair in score.breaches])
    if not keep:
        print(*rows, *below, *table, (gap, brier), sep="\n")
        return
    record("Staffing: forecasts", command, ("", ""), rows)
    header = ("given", "looks", "mean", "came true")
    notes = f"Each ten minutes. Widest gap {below_gap:.1%}, Brier score {below_brier:.3f}."
    record("Staffing: P(service level of the next 15 minutes below the goal)", command, header, below, notes)
    notes = f"Everybody waiting, each twenty seconds. Widest gap {gap:.1%}, Brier score {brier:.3f}."
    record("Staffing: P(breach) of a waiting contact", command, header, table, notes)


def _share(hits: list[bool]) -> str:
    return f"{sum(hits)} of {len(hits)} ({fmean(hits):.0%})" if hits else "none"


if __name__ == "__main__":
    main()
