"""Numbers from outside as they are shown: ``/metrics/floor``, ``/metrics`` and ``/api/measures`` of a small book."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams import snapshot
from streams.api import measures as api_measures
from streams.api.intervals import QueryError
from streams.exposition import Exposition
from streams.exposition.families import Family
from streams.exposition.floor import floor_families
from streams.exposition.worker import worker_families
from streams.measures.record import Measure, encode
from streams.measures.shelf import Shelf
from streams.partition import Record
from streams.settings import Settings, from_raw
from streams.snapshot import Snapshot, WorkerStatus
from tests import floor_by_hand as by_hand


def shelf(*numbers: tuple[str, str, float], complete: bool = True, client: str | None = None) -> Shelf:
    found = Shelf()
    put(found, *numbers, client=client)
    found.complete = complete
    return found


def put(found: Shelf, *numbers: tuple[str, str, float], client: str | None = None) -> None:
    for name, period, value in numbers:
        found.take(Record(0, *encode(Measure(name=name, period=period, value=value, client=client)), 0))


def taken(found: Shelf, settings: Settings | None = None) -> Snapshot:
    return snapshot.take([], settings or Settings(), WorkerStatus(), by_hand.NOW, found)


def shown(families: list[Family], name: str) -> list[tuple[dict[str, str], float]]:
    text = Exposition(20_000, with_process=False).text(families).decode()
    return [
        (sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"contactcenter_{name}"
    ]


def answer(found: Snapshot, **parameters: str) -> dict[str, Any]:
    answered: dict[str, Any] = orjson.loads(
        orjson.dumps(api_measures.answer(found, api_measures.parse(parameters)))
    )  # fmt: skip
    return answered


FEBRUARY = [("customers_lost", "2026-02", 50.0), ("customers_at_start", "2026-02", 1_000.0)]


def test_nothing_is_exposed_of_what_was_not_given() -> None:
    names = {family.name for family in floor_families(taken(shelf()))}

    assert {name for name in names if name.startswith("measure")} == {"measures"}


def test_a_kpi_is_exposed_when_all_its_numbers_are_given() -> None:
    families = floor_families(taken(shelf(*FEBRUARY)))

    month = {"period": "month", "team": "", "client": ""}
    assert shown(families, "measure_churn_ratio") == [(month, 0.05)]
    assert shown(families, "measure_period_end_timestamp_seconds") == [
        ({**month, "kpi": "churn_ratio"}, 1_772_323_200.0)  # the first of March, midnight UTC
    ]
    assert shown(families, "measures") == [({}, 2.0)]


def test_a_period_ends_at_midnight_of_the_zone_in_the_configuration() -> None:
    kolkata = from_raw({"measures": {"timezone": "Asia/Kolkata"}}, {})

    found = shown(floor_families(taken(shelf(*FEBRUARY), kolkata)), "measure_period_end_timestamp_seconds")

    assert [value for _, value in found] == [1_772_323_200.0 - 5.5 * 3_600]


def test_the_latest_period_that_has_a_value_is_exposed_whatever_was_given_ahead() -> None:
    families = floor_families(taken(shelf(*FEBRUARY, ("customers_lost", "2026-03", 9.0), ("leads", "2026-04", 5.0))))

    assert [value for _, value in shown(families, "measure_churn_ratio")] == [0.05]


def test_only_teams_and_clients_that_the_configuration_names_have_series() -> None:
    found = shelf(*FEBRUARY, client="acme")
    put(found, *FEBRUARY, client="somebody")
    settings = from_raw({"groups": {"acme": ["billing"]}}, {})

    shows = shown(floor_families(taken(found, settings)), "measure_churn_ratio")

    assert [labels["client"] for labels, _ in shows] == ["acme"]
    assert {about["client"] for about in answer(taken(found, settings))["about"]} == {"acme", "somebody"}


def test_nothing_is_exposed_while_the_topic_is_still_being_read() -> None:
    reading = taken(shelf(*FEBRUARY, complete=False))

    assert shown(floor_families(reading), "measure_churn_ratio") == []
    assert shown(worker_families(reading), "events_total") == []
    assert answer(reading)["complete"] is False


def test_records_understood_and_refused_are_counted_like_all_others() -> None:
    found = shelf(*FEBRUARY)
    found.take(Record(7, b"k", b"{", 0))
    where = {"topic": "measures", "partition": "0"}

    families = worker_families(taken(found))

    assert shown(families, "events_total") == [({**where, "type": "measure"}, 2.0)]
    assert shown(families, "rejected_total") == [({**where, "reason": "not_json"}, 1.0)]


def test_a_period_that_is_asked_for_is_answered_with_every_kpi_and_what_is_missing() -> None:
    found = answer(taken(shelf(*FEBRUARY)), period="2026-02")

    kpis = {kpi["name"]: kpi for kpi in found["kpis"]}
    assert kpis["churn_ratio"]["value"] == 0.05
    assert kpis["churn_ratio"]["inputs"]["customers_lost"] == {"value": 50.0, "origin": "given"}
    assert (kpis["cost_per_contact"]["value"], kpis["cost_per_contact"]["missing"]) == (
        None, ["operating_cost", "contacts"],
    )  # fmt: skip
    assert found["numbers"][0] == {
        "name": "customers_at_start", "period": "2026-02", "value": 1_000.0, "unit": "customers",
    }  # fmt: skip


def test_without_a_period_the_latest_of_each_kind_is_answered() -> None:
    found = answer(
        taken(shelf(*FEBRUARY, ("customers_lost", "2026-W09", 9.0), ("customers_at_start", "2026-W09", 90.0)))
    )

    assert {(kpi["name"], kpi["period"]): kpi["value"] for kpi in found["kpis"]} == {
        ("churn_ratio", "2026-W09"): 0.1,
        ("churn_ratio", "2026-02"): 0.05,
    }
    assert found["left_off"] == 0


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"perod": "2026"}, "There is no parameter 'perod'; there are period, team, client."),
        ({"period": "march"}, "'march' is not a period written like 2026-03-31"),
    ],
)
def test_a_question_that_can_t_be_answered_is_told_so(parameters: dict[str, str], sentence: str) -> None:
    with pytest.raises(QueryError, match=sentence.replace("?", r"\?")):
        api_measures.parse(parameters)
