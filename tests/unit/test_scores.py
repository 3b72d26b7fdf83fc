"""The weighted model over a floor written by hand: what it is judged by, what is left out, where it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from streams import api, snapshot
from streams.check_config import check
from streams.exposition.floor import floor_families
from streams.measures.record import Measure, encode
from streams.measures.shelf import Shelf
from streams.partition import Record
from streams.settings import from_raw
from streams.snapshot import Snapshot, WorkerStatus
from tests import floor_by_hand as by_hand

WEIGHTS: dict[str, Any] = {
    "asa_seconds": {"weight": 60.0, "target": 25.0, "better": "lower"},
    "csat_ratio": {"weight": 40.0, "target": 0.9},
}


def taken(shelf: Shelf | None = None, **model: Any) -> Snapshot:
    """The floor by hand (speed of answer 20 s, nobody surveyed), judged by this model."""
    settings = from_raw({"queues": {"billing": {"group": "phones"}}, "windows": ["15m"], **model}, {})
    owned = list(by_hand.applied(settings).values())
    return snapshot.take(owned, settings, WorkerStatus(), by_hand.NOW, shelf)


def weighted(found: Snapshot) -> Any:
    return orjson.loads(orjson.dumps(api.floor(found)))["weighted"]


def shown(found: Snapshot, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(point.labels.values()): point.value
        for family in floor_families(found)
        if family.name == name
        for point in family.points
    }


def test_without_weights_there_is_no_score() -> None:
    assert weighted(taken()) is None
    assert shown(taken(), "weighted_score") == {}


def test_a_kpi_without_data_is_left_out_its_weight_shared_and_the_answer_says_so() -> None:
    found = weighted(taken(weights=WEIGHTS))

    score = found["floor"]["15m"]
    assert score["score"] == pytest.approx(1.2)  # 25 s / 20 s, at most 1.2
    assert [(part["kpi"], part["value"], part["share"]) for part in score["parts"]] == [("asa_seconds", 20.0, 1.0)]
    assert score["left_out"] == ["csat_ratio"]
    assert score["note"] == "no data for csat_ratio: left out, weight shared among the others"


def test_a_group_of_queues_is_a_team_judged_by_its_own_model_where_it_has_one() -> None:
    own = {"phones": {"abandonment_raw_ratio": {"weight": 1.0, "target": 0.2, "better": "lower"}}}

    found = taken(weights=WEIGHTS, team_weights=own)

    (team,) = weighted(found)["teams"]
    assert team["team"] == "phones"
    assert team["windows"]["15m"]["score"] == pytest.approx(0.5)  # 2 of 5 gave up, where 1 of 5 is the target
    assert shown(found, "weighted_score") == {("", "15m"): pytest.approx(1.2), ("phones", "15m"): pytest.approx(0.5)}


def test_a_kpi_made_of_numbers_from_outside_stands_in_every_window() -> None:
    shelf = Shelf()
    for name, value in (("deals_closed", 90.0), ("leads", 1_000.0)):
        shelf.take(Record(0, *encode(Measure(name=name, period="2026-02", value=value, team="sales")), 0))
    shelf.complete = True

    found = weighted(taken(shelf, team_weights={"sales": {"conversion_ratio": {"weight": 1.0, "target": 0.1}}}))

    scores = {team["team"]: team["windows"]["15m"]["score"] for team in found["teams"]}
    assert scores == {"phones": None, "sales": pytest.approx(0.9)}


def test_parts_and_what_is_left_out_are_time_series() -> None:
    found = taken(weights=WEIGHTS)

    assert shown(found, "weighted_points")["", "15m", "asa_seconds"] == pytest.approx(1.2)
    assert shown(found, "weighted_attainment")["", "15m", "asa_seconds"] == pytest.approx(1.2)
    assert shown(found, "weighted_left_out")["", "15m", "csat_ratio"] == 1.0


def test_a_configuration_with_a_kpi_nobody_computes_is_refused_with_the_mend(tmp_path: Path) -> None:
    file = tmp_path / "floor.toml"
    file.write_text("[weights.csat_ration]\nweight = 1.0\ntarget = 0.9\n")

    verdict = check(file, {})

    assert [(problem.key, problem.mend) for problem in verdict.problems] == [
        ("weights.csat_ration", 'Did you mean "csat_ratio"?'),
    ]


def test_the_documented_model_is_one_that_can_be_used(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "queuepulse.toml").read_text("utf-8")
    model = text[text.index("# [weights.service_level]") : text.index("# How long things are remembered")]
    file = tmp_path / "floor.toml"
    file.write_text(model.replace("# ", ""))

    verdict = check(file, {})

    assert verdict.problems == ()
    assert verdict.settings is not None
    assert list(verdict.settings.weights) == ["service_level", "aht_seconds"]
