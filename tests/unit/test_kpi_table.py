"""``docs/kpis.md`` tells the truth: fifty-eight rows, each metric is exposed, each field is in the answer, each test
exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from streams import api, kpis, view
from streams.api import agents as api_agents
from streams.api import comments as api_comments
from streams.api import measures as api_measures
from streams.exposition.floor import floor_families
from streams.exposition.worker import worker_families
from streams.measures.formulas import REGISTRY
from streams.measures.inputs import INPUTS
from streams.settings import Settings
from streams.snapshot import Snapshot
from tests import busy_floor
from tests.support import HOUR, START, Floor, ms

ROOT: Final = Path(__file__).parents[2]
TABLE: Final = (ROOT / "docs" / "kpis.md").read_text("utf-8")
NOT_YET: Final[set[int]] = set()
SOFT_SKILLS: Final = 57


def rows() -> dict[int, list[str]]:
    """The cells of every row by its number: KPI, where, defined, test."""
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.splitlines()]
    return {int(cells[0]): cells[1:] for cells in found if cells[0].isdigit()}


@pytest.fixture(scope="module")
def busy() -> Snapshot:
    return busy_floor.taken()


@pytest.fixture(scope="module")
def metrics(busy: Snapshot) -> set[str]:
    """The names under which the real exposition has at least one sample."""
    return {
        "contactcenter_" + family.name + ("_total" if family.kind == "counter" else "")
        for family in (*worker_families(busy), *floor_families(busy))
        if family.points
    }


def reached(answer: Any, path: str) -> list[Any]:
    """What stands at a path such as ``queues[].backlog.open``; of each item of a list."""
    found = [answer]
    for step in path.split("."):
        name, _, many = step.partition("[")
        found = [each[name] for each in found if isinstance(each, dict) and name in each]
        if many:
            found = [item for each in found for item in each]
    return found


def test_there_is_a_row_for_each_of_the_fifty_eight() -> None:
    assert sorted(rows()) == list(range(1, 59))


def test_every_row_says_where_it_is_how_it_is_defined_and_what_tests_it() -> None:
    silent = {number for number, (_, where, defined, test) in rows().items() if not (where and defined and test)}

    assert silent == NOT_YET
    assert {number for number, cells in rows().items() if cells[1] == "not computed yet"} == NOT_YET


@pytest.mark.parametrize("number", sorted(set(rows()) - NOT_YET - {SOFT_SKILLS}))
def test_every_metric_is_exposed(number: int, metrics: set[str], busy: Snapshot) -> None:
    named = re.findall(r"`([^`]+)`", rows()[number][1])

    assert named
    assert {name for name in named if name.startswith("contactcenter_")} - metrics == set()
    answers = {"/api/floor": orjson.loads(orjson.dumps(api.floor(busy)))}
    answers["/api/measures"] = api_measures.answer(busy, api_measures.parse({}))
    answers["/api/intervals"] = interval()
    (answers["/api/comments"],) = api_comments.answer(
        busy_floor.floor().partitions, Settings(), api_comments.Question()
    )
    told = busy_floor.floor().partitions
    answers["/api/agents"] = api_agents.answer(told, Settings(), api_agents.parse({}, Settings(), ms(busy_floor.NOW)))
    for name in named:
        if name.startswith("/api"):
            path, _, field = name.partition(" ")
            values = reached(answers[path], field)
            assert [value for value in values if value is not None], name
        else:
            assert name in metrics, name


def interval() -> dict[str, Any]:
    floor = Floor(busy_floor.settings()).play(*busy_floor.calls())
    found = view.intervals(floor.partitions, floor.settings, START, START + HOUR * 1000, "hour", ("billing", "voice"))
    return api.interval(found[0], floor.settings.defaults)


def test_every_test_that_is_named_exists() -> None:
    missing = []
    for number, cells in rows().items():
        for path, name in re.findall(r"`([\w/.]+)::(\w+)`", cells[3]):
            if f"def {name}(" not in (ROOT / path).read_text("utf-8"):
                missing.append((number, name))

    assert missing == []


def test_soft_skills_are_deliberately_no_number(metrics: set[str]) -> None:
    cells = rows()[SOFT_SKILLS]

    assert cells[1].startswith("deliberately no number")
    names = {*metrics, *INPUTS, *(kpi.name for kpi in kpis.REGISTRY), *(kpi.name for kpi in REGISTRY)}
    assert [name for name in names if re.search("empath|patience_|attentive|courtes|soft", name)] == []
