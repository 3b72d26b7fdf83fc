"""A number of now worked out: who waits, how long, and who serves."""

from __future__ import annotations

from streams import kpis
from streams.explain.catalogue import LIVE
from streams.explain.formula import Explained, Input
from streams.presence import SERVING
from streams.snapshot import Row

WAITING: frozenset[str] = frozenset({"waiting", "waiting_past_threshold", "waiting_callbacks", "oldest_wait_seconds"})
"""The live numbers that have waiting contacts behind them."""


def worked_out(name: str, row: Row, now: int) -> Explained:
    """One of ``LIVE``, as ``/api/floor`` has it."""
    unit, words = LIVE[name]
    live = row.live
    agents = [
        Input(f"agents_{state}", n, "count", f"Agents {_plain(state)}.") for state, n in sorted(live.agents.items())
    ]
    serving = [one for one in agents if one.name.removeprefix("agents_") in SERVING]
    written = put_in = absent = ""
    inputs: list[Input] = []
    value: float | None
    match name:
        case "waiting":
            value = live.waiting
            written, put_in, inputs = _sum(
                [Input(f"waiting_with_priority_{priority}", n, "count", f"Waiting with priority {priority}.")
                 for priority, n in sorted(live.by_priority.items())]
            )  # fmt: skip
        case "waiting_past_threshold":
            value = live.waiting_past_threshold
        case "waiting_callbacks":
            value = live.waiting_callbacks
        case "oldest_wait_seconds":
            value = live.oldest_wait_seconds(now)
            if live.oldest_offered_at is not None:
                inputs = [
                    Input("as_of", now / 1000, "epoch seconds", "The moment of every number."),
                    Input("oldest_enqueue", live.oldest_offered_at / 1000, "epoch seconds", "When that one came."),
                ]  # fmt: skip
                written, put_in = "as_of - oldest_enqueue", f"{now / 1000:.3f} - {live.oldest_offered_at / 1000:.3f}"
        case "expected_wait_seconds":
            value = row.expected_wait_seconds()
            inputs = _expected_wait(row)
            written, put_in = _expected_wait_formula(inputs)
            if value is None:
                absent = "Nobody serves the queue: absent, not 0." if not row.serving else _NO_HANDLE_TIME
        case "agents_staffed":
            value = live.staffed
            written, put_in, inputs = _sum([one for one in agents if one.name != "agents_signed_out"])
        case "agents_serving":
            value = row.serving
            written, put_in, inputs = _sum(serving)
        case "agents_available":
            value = live.agents.get("available", 0)
        case "agents_available_share":
            value = row.staff.available if row.channel else None
            absent = "" if row.channel else "It is told of queues, not of groups or the floor: absent, not 0."
        case "slots":
            value = row.slots.total
        case "slots_in_use":
            value = row.slots.in_use
        case "slot_occupancy_ratio":
            value = row.slots.occupancy_ratio
            inputs = [Input(one, n, "count", LIVE[one][1]) for one, n in _slots(row)]
            written, put_in = "slots_in_use / slots", f"{row.slots.in_use} / {row.slots.total}"
            absent = "" if value is not None else "slots is 0 and there is nothing to divide by: absent, not 0."
        case "voicemails":
            value = None if row.voicemails is None else row.voicemails.number
            absent = "" if value is not None else "No source tells which voicemails were dealt with: absent, not 0."
        case "conservation_residual":
            value = live.conservation_residual
        case "handling":
            value = live.handling
        case _:
            raise ValueError(f"{name!r} is no number of now")
    return Explained(
        name=name, unit=unit, words=words, formula=written, worked=put_in, value=value, absent=absent,
        inputs=tuple(inputs),
    )  # fmt: skip


_NO_HANDLE_TIME = "No handle segment has ended in any window, so no handle time is known: absent, not 0."


def _slots(row: Row) -> list[tuple[str, int]]:
    return [("slots_in_use", row.slots.in_use), ("slots", row.slots.total)]


def _plain(state: str) -> str:
    return f"in the state {state.replace('_', ' ')}"


def _sum(inputs: list[Input]) -> tuple[str, str, list[Input]]:
    return " + ".join(one.name for one in inputs), " + ".join(f"{one.value:g}" for one in inputs), inputs


def _expected_wait(row: Row) -> list[Input]:
    known = [
        (name, aht) for name, window in row.windows.items() if (aht := kpis.aht_seconds(window.counts)) is not None
    ]
    window, aht = known[-1] if known else ("", None)
    return [
        Input("waiting", row.live.waiting, "count", "Visits waiting now."),
        Input("aht_seconds", aht, "seconds", f"Average handle time of the window {window}." if window else "Unknown."),
        Input("agents_serving", row.serving, "count", "Agents who take contacts now or next."),
        Input("agents_available", row.live.agents.get("available", 0), "count", "Agents available."),
    ]


def _expected_wait_formula(inputs: list[Input]) -> tuple[str, str]:
    waiting, aht, serving, available = (one.value for one in inputs)
    if serving and available and not waiting:
        return "0, for an agent is free and nobody waits", "0"
    written = "(waiting + 1) * aht_seconds / agents_serving"
    return written, f"({waiting} + 1) * {'unknown' if aht is None else f'{aht:.3f}'} / {serving}"
