"""Every number explained: what it says goes in gives what it says comes out, and that is what ``/api/floor`` has."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from math import sqrt
from typing import Any

import pytest
from msgspec import to_builtins

from streams import api, snapshot
from streams import events as e
from streams import tally as y
from streams.api import explain
from streams.api.explain import NothingSuchError
from streams.api.intervals import QueryError
from streams.explain.catalogue import ENTRIES, LIVE
from streams.explain.formula import worked_out
from streams.partition import Partition, Record
from streams.pieces import at_once
from streams.settings import Settings, from_raw
from streams.settings.origin import origin_of
from streams.simulate import demo, simulate
from streams.snapshot import Snapshot, WorkerStatus
from tests import floor_by_hand as by_hand
from tests.support import START, Floor, call, chat, ms

Ask = Callable[..., dict[str, Any]]
RULES = {
    "web": {"show_ids": True},
    "defaults": {"service_level_threshold_seconds": 30},
    "queues": {"billing": {"preset": "answered_only", "short_abandon_seconds": 5}},
}


def asked(partitions: list[Partition], taken: Snapshot, **question: str) -> dict[str, Any]:
    """The answer to one question."""
    return dict(at_once(explain.steps(partitions, taken, explain.parse(question, taken))))


def at(floor: Floor, now: float) -> Ask:
    """Asks a floor ``now`` seconds after ten."""
    taken = snapshot.take(floor.partitions, floor.settings, WorkerStatus(), ms(now))
    return lambda **question: asked(floor.partitions, taken, **question)


@pytest.fixture
def ask() -> Ask:
    """Asks the floor by hand, where ids may be shown."""
    settings = from_raw({**RULES, "queues": {"billing": {"group": "phones"}}}, {})
    partitions = list(by_hand.applied(settings).values())
    taken = snapshot.take(partitions, settings, WorkerStatus(), by_hand.NOW)
    return lambda **question: asked(partitions, taken, **question)


# --- one number -------------------------------------------------------------------------------------------------------


def test_a_service_level_is_told_with_its_numbers_put_in(ask: Ask) -> None:
    told = ask(queue="billing", kpi="service_level", window="5m")

    assert told["formula"] == "answered_in_threshold / (answered + abandoned - short_abandoned)"
    assert told["worked"] == "2 / (2 + 2 - 1)"
    assert told["value"] == 2 / 3
    assert told["state"] == "breach"
    assert [(one["name"], one["value"]) for one in told["inputs"]] == [
        ("answered_in_threshold", 2), ("answered", 2), ("abandoned", 2), ("short_abandoned", 1),
    ]  # fmt: skip


def test_every_preset_stands_beside_it_so_that_two_systems_can_be_compared(ask: Ask) -> None:
    told = ask(queue="billing", kpi="service_level", window="5m")

    presets = {one["preset"]: (one["worked"], one["value"]) for one in told["presets"]}
    assert presets["answered_only"] == ("2 / 2", 1.0)
    assert presets["all_abandons_against"] == ("2 / (2 + 2)", 0.5)
    assert presets["with_flowouts"] == ("2 / (2 + 2 + 1 - 1)", 0.5)
    assert len(presets) == 10
    assert [one["preset"] for one in told["presets"] if one["chosen"]] == ["short_abandons_excluded"]


def test_sums_of_times_are_seconds(ask: Ask) -> None:
    told = ask(queue="billing", kpi="asa_seconds", window="5m")

    assert (told["formula"], told["worked"], told["value"]) == (
        "answered_wait_seconds_sum / answered",
        "40 / 2",
        20.0,
    )


def test_a_percentile_names_the_place_and_the_bucket_it_is_in(ask: Ask) -> None:
    told = ask(queue="billing", kpi="wait_p90_seconds", window="5m")

    assert told["worked"].startswith("place 4.6 of 5: more than ")
    assert sum(bucket["n"] for bucket in told["histogram"]) == 5
    assert told["value"] == pytest.approx(30, rel=0.05)


def test_what_is_absent_says_why_and_is_not_0() -> None:
    told = at(Floor().play(call().offered(0)), 60)(queue="billing", kpi="asa_seconds", window="5m")

    assert told["value"] is None
    assert told["absent"] == "answered is 0 and there is nothing to divide by: absent, not 0."
    assert told["worked"] == "0 / 0"


def test_the_longest_of_nothing_is_absent() -> None:
    told = at(Floor().play(call().offered(0)), 60)(queue="billing", kpi="max_wait_seconds", window="5m")

    assert (told["value"], told["worked"], told["absent"]) == (None, "nothing", "Nothing was counted: absent, not 0.")


def test_a_number_of_now_is_worked_out_as_well(ask: Ask) -> None:
    oldest = ask(queue="billing", kpi="oldest_wait_seconds")
    expected = ask(queue="billing", kpi="expected_wait_seconds")

    assert (oldest["window"], oldest["value"]) == ("now", 30.0)
    assert (oldest["formula"], oldest["worked"]) == (
        "as_of - oldest_enqueue",
        "1772445630.000 - 1772445600.000",
    )
    assert [one["contact"] for one in oldest["contacts"]] == ["call-6"]
    assert (expected["worked"], expected["value"]) == ("(1 + 1) * 75.000 / 2", 75.0)


def test_an_expected_wait_with_nobody_serving_is_absent() -> None:
    told = at(Floor().play(call().offered(0)), 60)(queue="billing", kpi="expected_wait_seconds")

    assert (told["value"], told["absent"]) == (None, "Nobody serves the queue: absent, not 0.")


# --- the rules in force -----------------------------------------------------------------------------------------------


def test_each_setting_in_force_says_whose_word_it_is() -> None:
    told = at(Floor(from_raw(RULES, {})).play(call().offered(0).answered(10)), 60)(queue="billing", window="5m")

    assert [(one["key"], one["value"], one["origin"], one["section"]) for one in told["settings"]] == [
        ("attribution", "event_time", "built-in", ""),
        ("timezone", "UTC", "built-in", ""),
        ("service_level_threshold_seconds", 30.0, "defaults", "defaults"),
        ("preset", "answered_only", "queue", "queues.billing"),
        ("service_level_target_ratio", 0.8, "built-in", ""),
    ]


def test_a_value_that_was_written_is_the_queues_even_where_it_is_that_of_the_defaults() -> None:
    assert origin_of(from_raw(RULES, {}), "billing", "short_abandon_seconds") == "queue"
    assert origin_of(from_raw(RULES, {}), "sales", "short_abandon_seconds") == "built-in"


def test_settings_made_by_hand_are_compared() -> None:
    found = from_raw(RULES, {})
    by_comparison = Settings(queues=found.queues, defaults=found.defaults)

    assert origin_of(by_comparison, "billing", "preset") == "queue"
    assert origin_of(by_comparison, "billing", "service_level_threshold_seconds") == "defaults"
    assert origin_of(by_comparison, "billing", "short_abandon_seconds") == "built-in"


# --- who is behind it, and who is not ---------------------------------------------------------------------------------


def test_the_contacts_behind_it_are_named_newest_first(ask: Ask) -> None:
    told = ask(queue="billing", kpi="service_level", window="5m")

    assert [(one["contact"], one["counts"]) for one in told["contacts"]] == [
        ("call-3", {"abandoned": 1}),
        ("call-4", {"abandoned": 1, "short_abandoned": 1}),
        ("call-2", {"answered": 1, "answered_in_threshold": 1}),
        ("call-1", {"answered": 1, "answered_in_threshold": 1}),
    ]
    assert (told["contacts_more"], told["not_kept"]) == (0, {})


def test_the_longest_wait_is_the_first_behind_the_longest_wait(ask: Ask) -> None:
    told = ask(queue="billing", kpi="max_wait_seconds", window="5m")

    assert (told["contacts"][0]["contact"], told["contacts"][0]["counts"]) == ("call-3", {"max_wait_seconds": 40.0})


def test_somebody_who_waits_past_the_threshold_is_behind_the_preset_that_counts_him() -> None:
    floor = Floor(from_raw(RULES, {})).play(call("c1").offered(0).answered(10), call("c2").offered(20))

    told = at(floor, 60)(queue="billing", kpi="service_level.live_adjusted", window="5m")

    assert told["worked"] == "1 / (1 + 0 - 0 + 1)"
    assert [one["contact"] for one in told["contacts"]] == ["c2", "c1"]


def test_what_is_older_than_what_is_kept_is_counted_and_not_named() -> None:
    settings = from_raw({"retention": {"correction_minutes": 1}, "web": {"show_ids": True}}, {})
    floor = Floor(settings).play(call("c1").offered(0).answered(10).ended(20), call("c2").offered(200).answered(210))

    told = at(floor, 240)(queue="billing", kpi="answered", window="5m")

    assert told["value"] == 2
    assert [one["contact"] for one in told["contacts"]] == ["c2"]
    assert told["not_kept"] == {"answered": 1}


def test_fifty_are_named_and_the_rest_counted() -> None:
    floor = Floor(from_raw(RULES, {})).play(*(call(f"c{n}").offered(n).answered(n + 1) for n in range(60)))

    told = at(floor, 100)(queue="billing", kpi="answered", window="5m")

    assert [told["contacts"][0]["contact"], told["contacts"][-1]["contact"]] == ["c59", "c10"]
    assert (len(told["contacts"]), told["contacts_more"]) == (50, 10)


def test_by_arrival_the_contacts_are_those_that_arrived() -> None:
    settings = from_raw({"defaults": {"attribution": "arrival"}, "web": {"show_ids": True}}, {})
    floor = Floor(settings).play(call("c1").offered(310).answered(330), call("c2").offered(335).answered(340))

    told = at(floor, 610)(queue="billing", kpi="service_level.offered", window="5m")

    assert (told["worked"], told["formula"]) == ("1 / 1", "answered_in_threshold / offered")
    assert [one["contact"] for one in told["contacts"]] == ["c2"]


def test_tests_and_merged_ones_are_left_out_with_their_reason() -> None:
    floor = Floor(from_raw(RULES, {})).play(
        call("c1").offered(0).answered(10),
        call("c2", test=True).offered(1),
        call("c3", direction="internal").offered(2),
        call("c4").offered(3).flowed_out(9, "overflow"),
        chat("d1").queued(4, "billing"),
        chat("d2").queued(4, "billing").merged(5, "d1"),
    )

    told = at(floor, 60)(queue="billing", channel="voice", kpi="service_level", window="5m")

    assert [(one["reason"], one["n"], one["scope"]) for one in told["left_out"]] == [
        ("flowed_out", 1, "queue"), ("internal", 1, "channel"), ("test", 1, "channel"),
    ]  # fmt: skip
    assert told["excluded_contacts"] == {"internal": ["c3"], "test": ["c2"]}
    of_chat = at(floor, 60)(queue="billing", channel="chat", kpi="service_level", window="5m")
    assert of_chat["excluded_contacts"] == {"merged": ["d2"]}


def test_a_silent_source_is_told_with_the_number_it_feeds() -> None:
    floor = Floor(from_raw(RULES, {})).play(call("c1").offered(0).answered(10))

    heard = at(floor, 20)(queue="billing", kpi="answered", window="5m")["trust"]
    silent = at(floor, 100)(queue="billing", kpi="answered", window="5m")["trust"]

    assert (heard["stale"], heard["silent_sources"]) == (False, [])
    assert (silent["stale"], silent["silent_sources"]) == (True, ["pbx"])


def test_no_contact_is_in_an_answer_that_must_be_private(ask: Ask) -> None:
    told = ask(queue="billing", window="5m", privacy="1")

    assert (told["contacts"], told["contacts_more"]) == ([], 4)


def test_an_id_is_a_pseudonym_where_the_configuration_does_not_ask_for_ids() -> None:
    told = at(Floor().play(call("+4915112345678").offered(0)), 60)(queue="billing", kpi="waiting")

    assert [len(one["contact"]) for one in told["contacts"]] == [12]
    assert "+4915112345678" not in str(told)


def test_the_time_of_agents_has_no_contacts_behind_it(ask: Ask) -> None:
    told = ask(queue="billing", kpi="occupancy_ratio", window="5m")

    assert (told["contacts"], told["left_out"]) == ([], [])
    assert told["not_kept"] == {}


# --- what can be asked ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"queue": "biling"}, "There is no queue 'biling'; there are ALL, billing, phones."),
        (
            {"queue": "billing", "channel": "chat"},
            "There is no queue 'billing' in channel 'chat'; there are ALL, billing in voice, phones.",
        ),
        ({"window": "7m"}, "There is no window '7m': service_level is a number of a window; there are 1m, 5m, "),
        ({"kpi": "waiting", "window": "5m"}, "There is no window '5m': waiting is a number of now; there are now."),
        ({"kpi": "sl"}, "There is no number 'sl'; there are service_level, waiting, "),
    ],
)
def test_what_is_not_there_is_told_with_what_is(ask: Ask, question: dict[str, str], words: str) -> None:
    with pytest.raises(NothingSuchError) as refused:
        ask(**question)

    assert str(refused.value).startswith(words)


def test_a_parameter_that_does_not_exist_is_refused(ask: Ask) -> None:
    with pytest.raises(QueryError, match="There is no parameter 'metric'; there are queue, channel, kpi, window"):
        ask(metric="asa")


def test_without_anything_said_it_is_the_floors_service_level(ask: Ask) -> None:
    told = ask()

    assert (told["queue"], told["kpi"], told["window"]) == ("ALL", "service_level", "1m")


# --- every number of a simulated hour ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hour() -> tuple[list[Partition], Snapshot]:
    """An hour of a simulated morning, every queue of it, and a group of two."""
    settings = from_raw({"groups": {"phones": ["billing", "sales"]}, "web": {"show_ids": True}}, {})
    partitions = {topic: Partition(settings, topic, 0) for topic in e.TOPICS}
    for item in simulate(demo(START, 3_600, hour=10.0), 4):
        partition = partitions[item.topic]
        partition.apply([Record(partition.next_offset, item.key, item.value, 0)])
    found = list(partitions.values())
    return found, snapshot.take(found, settings, WorkerStatus(), START + 3_600_000)


def rows_of(taken: Snapshot) -> list[dict[str, Any]]:
    told = api.floor(taken)
    return [*told["queues"], told["floor"], *told["groups"]]


def question_of(row: dict[str, Any], kpi: str, window: str) -> dict[str, str]:
    return {"queue": row["queue"], "channel": row["channel"], "kpi": kpi, "window": window}


def recomputed(told: dict[str, Any]) -> float | None:
    """The value by an answer's own formula and inputs, with nothing else."""
    if told["histogram"]:
        q = float(told["formula"].split("1 + ")[1].split(" *")[0])
        rank = q * (sum(bucket["n"] for bucket in told["histogram"]) - 1)
        seen = accumulate(bucket["n"] for bucket in told["histogram"])
        place = next(n for n, so_far in enumerate(seen) if rank < so_far)
        high = told["histogram"][place]["up_to_seconds"]
        n = y.EDGES_MS.index(round(high * 1000))
        return sqrt(y.EDGES_MS[n - 1] * y.EDGES_MS[n]) / 1000 if n > 1 else high / 2
    inputs = {one["name"]: one["value"] for one in told["inputs"]}
    by_name = float(eval(told["formula"], {"__builtins__": {}, "max": max, "min": min}, inputs))
    by_number = float(eval(told["worked"], {"__builtins__": {}, "max": max, "min": min}, {}))
    assert by_name == pytest.approx(by_number, rel=1e-9)
    return by_name


def test_every_number_of_the_floor_is_explained_by_inputs_that_give_it(hour: tuple[list[Partition], Snapshot]) -> None:
    _, taken = hour
    explained = absent = 0
    for row, shown in zip([*taken.rows, taken.floor, *taken.groups], rows_of(taken), strict=True):
        for window in ("5m", "1h"):
            found = shown["windows"][window]
            values = {**found["kpis"], **{f"service_level.{k}": v for k, v in found["service_level"].items()}}
            for name, value in values.items():
                told = to_builtins(worked_out(ENTRIES[name], row.windows[window].counts))
                assert told["value"] == value
                if value is None:
                    assert told["absent"].endswith("absent, not 0.")
                    absent += 1
                else:
                    assert told["absent"] == ""
                    assert recomputed(told) == pytest.approx(value, rel=1e-9), (row.queue, name)
                    explained += 1

    assert explained > 600
    assert absent > 100


def test_every_number_can_be_asked_for(hour: tuple[list[Partition], Snapshot]) -> None:
    partitions, taken = hour
    row = rows_of(taken)[0]
    found = row["windows"]["5m"]
    values = {**found["kpis"], "service_level": found["service_level"][row["preset"]]}

    told = {name: asked(partitions, taken, **question_of(row, name, "5m"))["value"] for name in values}

    assert told == values


def test_every_count_of_the_floor_is_the_one_of_the_floor(hour: tuple[list[Partition], Snapshot]) -> None:
    partitions, taken = hour
    compared = 0
    for row in rows_of(taken):
        shown = {**row["windows"]["5m"], **row["windows"]["5m"]["conversations"]}
        for name, number in shown.items():
            kpi = f"{name}_sum" if isinstance(number, float) else name
            if kpi in ENTRIES and kpi not in row["windows"]["5m"]["kpis"]:
                assert asked(partitions, taken, **question_of(row, kpi, "5m"))["value"] == number
                compared += 1
        for name in LIVE:
            assert asked(partitions, taken, **question_of(row, name, "now"))["value"] == row["live"][name]

    assert compared > 200


def test_those_who_are_named_and_those_not_kept_are_all_of_them(hour: tuple[list[Partition], Snapshot]) -> None:
    partitions, taken = hour
    for row in rows_of(taken):
        for window in ("5m", "1h"):
            for kpi in ("service_level.removed_from_queue", "offered", "abandonment_ratio", "first_reply_sla_ratio"):
                told = asked(partitions, taken, **question_of(row, kpi, window))
                inputs = {one["name"]: one["value"] for one in told["inputs"]}
                if told["contacts_more"] == 0:
                    named = {
                        name: sum(one["counts"].get(name, 0) for one in told["contacts"])
                        + told["not_kept"].get(name, 0)
                        for name in inputs
                    }
                    assert named == inputs, (row["queue"], kpi, window)


def test_in_five_minutes_everybody_is_still_kept(hour: tuple[list[Partition], Snapshot]) -> None:
    partitions, taken = hour
    for row in rows_of(taken):
        assert asked(partitions, taken, **question_of(row, "offered", "5m"))["not_kept"] == {}
