"""The oracle's own definitions, on visits written by hand."""

from __future__ import annotations

import json

import pytest

from streams.simulate import Happening, Oracle, Segment, Visit, demo, simulate
from streams.simulate.scores import service_levels
from streams.simulate.truth import Outcome

NOON = 1_760_011_200_000


def visit(
    offered_s: float, outcome: Outcome, wait_s: float = 0.0, *, reason: str | None = None,
    started_s: float | None = None, counted: bool = True, queue: str = "billing",
) -> Visit:  # fmt: skip
    offered, wait = NOON + int(offered_s * 1000), int(wait_s * 1000)
    over = outcome in ("answered", "abandoned", "flowed_out")
    started = offered if started_s is None else NOON + int(started_s * 1000)
    return Visit("c", queue, "voice", started, offered, offered + wait if over else None, outcome, reason, wait, False,
                 counted, offered)  # fmt: skip


def oracle_of(*truths: Visit | Segment | Happening, as_of_s: float = 3_600) -> Oracle:
    oracle = Oracle()
    for truth in truths:
        oracle.add(truth)
    oracle.close(NOON + int(as_of_s * 1000))
    return oracle


def billing(oracle: Oracle) -> dict[str, int]:
    return oracle.totals()["billing", "voice"]


def test_twenty_seconds_are_within_twenty_seconds() -> None:
    n = billing(oracle_of(visit(0, "answered", 20.0), visit(0, "answered", 20.001)))

    assert n["answered"] == 2
    assert n["answered_within"] == 1


def test_an_abandon_after_exactly_five_seconds_is_not_short() -> None:
    n = billing(oracle_of(visit(0, "abandoned", 4.999), visit(0, "abandoned", 5.0)))

    assert n["abandoned"] == 2
    assert n["short_abandoned"] == 1
    assert n["abandoned_within"] == 2


def test_a_callback_a_voicemail_and_an_overflow_are_never_abandons() -> None:
    n = billing(
        oracle_of(
            visit(0, "flowed_out", 50, reason="callback"),
            visit(0, "flowed_out", 60, reason="voicemail"),
            visit(0, "flowed_out", 90, reason="overflow"),
        )
    )

    assert n["flowed_out"] == 3
    assert (n["flowed_out_callback"], n["flowed_out_voicemail"], n["flowed_out_overflow"]) == (1, 1, 1)
    assert "abandoned" not in n


def test_test_calls_and_internal_ones_are_in_no_queue() -> None:
    oracle = oracle_of(visit(0, "answered", 3, counted=False), visit(0, "answered", 4))

    assert billing(oracle)["offered"] == 1
    assert billing(oracle)["answered_wait_ms"] == 4_000


def test_those_who_wait_past_the_threshold_are_told_apart() -> None:
    n = billing(oracle_of(visit(3_585, "waiting"), visit(3_500, "waiting")))

    assert n["waiting"] == 2
    assert n["waiting_over"] == 1


def test_a_lost_end_waits_until_it_is_an_orphan() -> None:
    young = oracle_of(visit(0, "lost"), as_of_s=4 * 3_600 - 1)
    old = oracle_of(visit(0, "lost"), as_of_s=4 * 3_600)

    assert billing(young)["waiting"] == 1
    assert billing(old)["orphaned"] == 1
    assert "waiting" not in billing(old)


def test_attribution_puts_a_call_across_the_quarter_where_it_belongs() -> None:
    oracle = oracle_of(visit(890, "answered", 30, started_s=-10))
    quarter = 900_000

    by_event = oracle.intervals(15)
    by_arrival = oracle.intervals(15, "arrival")
    by_contact = oracle.intervals(15, "contact_arrival")

    assert by_event["billing", "voice", NOON]["offered"] == 1
    assert "answered" not in by_event["billing", "voice", NOON]
    assert by_event["billing", "voice", NOON + quarter]["answered"] == 1
    assert by_arrival["billing", "voice", NOON]["answered"] == 1
    assert by_contact["billing", "voice", NOON - quarter]["answered"] == 1


def test_within_a_second_those_who_leave_go_before_those_who_come() -> None:
    oracle = oracle_of(visit(0, "answered", 10.2), visit(10.1, "answered", 5))

    assert billing(oracle)["max_queue_length"] == 1


def test_who_waits_when_an_interval_begins_counts_in_its_longest_queue() -> None:
    oracle = oracle_of(visit(890, "abandoned", 40), visit(895, "answered", 30))

    intervals = oracle.intervals(15)

    assert intervals["billing", "voice", NOON]["max_queue_length"] == 2
    assert intervals["billing", "voice", NOON + 900_000]["max_queue_length"] == 2


def test_the_longest_queue_of_the_floor_is_not_the_sum_of_the_longest() -> None:
    oracle = oracle_of(visit(0, "answered", 10), visit(100, "answered", 10, queue="sales"))

    assert oracle.floor()["max_queue_length"] == 1


def test_handling_is_talk_and_hold_and_after_contact_work() -> None:
    oracle = oracle_of(
        Segment("c", "billing", "voice", "a", NOON, NOON, NOON, NOON + 100_000, NOON + 130_000, "transferred", 80_000,
                20_000, 1, 30_000, "sales", False, True, NOON)
    )  # fmt: skip

    n = billing(oracle)

    assert (n["talk_ms"], n["hold_ms"], n["acw_ms"], n["handle_ms"]) == (80_000, 20_000, 30_000, 130_000)
    assert (n["segments"], n["holds"], n["transferred"], n["transferred_across"]) == (1, 1, 1, 1)


def test_service_levels_give_the_published_golden_values() -> None:
    counts = {"answered": 1000, "abandoned": 60, "answered_within": 860, "abandoned_within": 20, "short_abandoned": 10}

    levels = service_levels(counts)

    def percent(preset: str) -> float:
        level = levels[preset]
        assert level is not None
        return round(100 * level, 2)

    assert percent("answered_only") == 86.00
    assert percent("all_abandons_against") == 81.13
    assert percent("abandons_in_t_credit") == 83.02
    assert percent("abandons_in_t_excluded") == 82.69
    assert percent("short_abandons_credit") == 82.08
    assert percent("short_abandons_excluded") == 81.90


def test_nothing_has_no_service_level() -> None:
    assert set(service_levels({}).values()) == {None}
    assert len(service_levels({})) == 10


def test_an_unfinished_stream_has_no_answer() -> None:
    oracle = Oracle()
    oracle.add(visit(0, "waiting"))

    with pytest.raises(RuntimeError, match="exhaust the simulation"):
        oracle.totals()


def test_the_dump_is_json_and_its_intervals_add_up_to_its_totals() -> None:
    oracle = Oracle()
    for _ in simulate(demo(NOON, 5_400, hour=10.0), 8, oracle):
        pass

    dump = json.loads(json.dumps(oracle.dump()))

    for queue in dump["queues"]:
        rows = [
            row for row in dump["intervals"] if (row["queue"], row["channel"]) == (queue["queue"], queue["channel"])
        ]
        for name in ("offered", "answered", "answered_wait_ms", "handle_ms"):
            assert sum(row.get(name, 0) for row in rows) == queue.get(name, 0)
        assert max(row["max_queue_length"] for row in rows) == queue["max_queue_length"]
    assert dump["floor"]["offered"] == sum(queue["offered"] for queue in dump["queues"])
