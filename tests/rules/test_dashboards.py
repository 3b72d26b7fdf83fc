"""The dashboards as files: current, valid by Grafana's own schemas, and every panel says what it shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.conftest import ROOT
from tests.rules.test_rules import promtool

GRAFANA = ROOT / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
BOARDS = {path.stem: json.loads(path.read_text("utf-8")) for path in FILES}
PANELS = [
    pytest.param(panel, id=f"{name}: {panel['title']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
    if panel["type"] != "row"
]


def test_the_committed_dashboards_are_what_the_code_writes() -> None:
    command = [sys.executable, "-m", "grafana.build", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


def test_there_are_four_and_each_knows_the_others() -> None:
    assert sorted(board["uid"] for board in BOARDS.values()) == [
        "queuepulse-pipeline",
        "queuepulse-staffing",
        "queuepulse-supervisor",
        "queuepulse-wallboard",
    ]
    assert {board["schemaVersion"] for board in BOARDS.values()} == {42}
    assert all(board["links"][0]["tags"] == ["queuepulse"] for board in BOARDS.values())
    assert BOARDS["wallboard"]["refresh"] == "5s"
    assert [v["hide"] for v in BOARDS["wallboard"]["templating"]["list"]] == [2]


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_has_title_description_unit_thresholds_and_words_for_no_data(panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]

    assert panel["title"]
    assert panel["description"].endswith(".")
    assert defaults["unit"]
    assert len(defaults["noValue"].split()) >= 2
    assert defaults["thresholds"]["steps"][0]["color"]
    assert panel["targets"]


@pytest.mark.parametrize("name", BOARDS)
def test_panels_have_ids_places_and_their_queries_letters(name: str) -> None:
    board = BOARDS[name]

    assert [panel["id"] for panel in board["panels"]] == list(range(1, len(board["panels"]) + 1))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
        letters = [target["refId"] for target in panel.get("targets", [])]
        assert letters == ["ABCDEFGHIJKLMNOP"[n] for n in range(len(letters))]
        assert all(target["datasource"]["uid"] == "prometheus" for target in panel.get("targets", []))


@pytest.mark.parametrize("name", BOARDS)
def test_the_colours_are_those_that_the_colour_blind_can_tell_apart(name: str) -> None:
    used = set(re.findall(r"#[0-9A-Fa-f]{6}", json.dumps(BOARDS[name])))

    assert used <= {"#0072B2", "#E69F00", "#D55E00", "#8E8E8E"}


@pytest.mark.parametrize("name", BOARDS)
def test_grafana_would_accept_it(name: str, shared_data: Callable[[str], Path]) -> None:
    schemas = {path.name.split(".")[0]: path for path in shared_data("grafana-schema/README.md").parent.glob("*.json")}
    problems = [*_problems(schemas["dashboard"], BOARDS[name])]
    for panel in BOARDS[name]["panels"]:
        if panel["type"] == "row":
            continue
        kind = schemas[panel["type"].replace("-", "")]
        problems += _problems(kind, panel["options"], "Options")
        custom = panel["fieldConfig"]["defaults"].get("custom")
        if custom is not None:
            problems += _problems(kind, custom, "FieldConfig")
        for target in panel["targets"]:
            problems += _problems(schemas["prometheus"], target)

    assert problems == []


def _problems(path: Path, value: Any, definition: str = "") -> Iterator[str]:
    """What a schema of Grafana's finds wrong. Two of its definitions are narrower than Grafana: anything goes there."""
    schema = json.loads(path.read_text("utf-8"))
    known = schema["definitions"]
    if "MatcherConfig" in known:
        known["MatcherConfig"]["properties"]["options"] = {}
        known["DynamicConfigValue"]["properties"]["value"] = {}
    if definition:
        schema = {**schema, "$ref": f"#/definitions/{definition}"}
    for error in Draft7Validator(schema).iter_errors(value):
        yield f"{path.name} {error.json_path}: {error.message[:200]}"


@pytest.mark.parametrize(
    ("feed_stale", "queue_stale", "said"), [(0, 0, "✗ breach"), (0, 1, "stale"), (1, 0, "stale"), (1, 1, "stale")]
)
def test_a_number_is_judged_while_it_is_live_and_grey_while_the_feed_or_its_queue_is_stale(
    feed_stale: int, queue_stale: int, said: str, tmp_path: Path
) -> None:
    where = '{queue="billing",channel="voice"}'
    value = "queue_channel:contactcenter_waiting:sum"
    series = {
        value + where: 7,
        f"queue_channel:contactcenter_oldest_wait:state{where}": 2,
        "contactcenter_feed_stale:bool": feed_stale,
        f"contactcenter_queue_stale{where}": queue_stale,
    }
    (panel,) = (panel for panel in BOARDS["wallboard"]["panels"] if panel["title"] == "Waiting")
    samples = [{"labels": f'{value}{{channel="voice",queue="billing",state="{said}"}}', "value": 7}]
    expr = panel["targets"][0]["expr"].replace("$queue", ".*")
    check = {"expr": expr, "eval_time": "0s", "exp_samples": samples}
    given = [{"series": name, "values": str(value)} for name, value in series.items()]
    path = tmp_path / "judged.test.yml"
    path.write_text(yaml.safe_dump({"tests": [{"input_series": given, "promql_expr_test": [check]}]}), "utf-8")

    promtool("test", "rules", path)


# --- provisioning ----------------------------------------------------------------------------------------------------


def test_provisioning_names_the_data_source_the_dashboards_ask_and_the_folder_they_are_in() -> None:
    sources = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text("utf-8"))
    boards = yaml.safe_load((GRAFANA / "provisioning/dashboards/queuepulse.yml").read_text("utf-8"))

    assert [(s["uid"], s["type"]) for s in sources["datasources"]] == [
        ("prometheus", "prometheus"),
        ("alertmanager", "alertmanager"),
    ]
    assert boards["providers"][0]["options"]["path"] == "/var/lib/grafana/dashboards"


def test_alerts_link_to_dashboards_and_variables_that_are_there() -> None:
    text = (GRAFANA / "prometheus/rules/alerts.yml").read_text("utf-8")
    links = set(re.findall(r"/d/([a-z-]+)(?:\?var-([a-z]+)=)?", text))

    for uid, variable in links:
        board = BOARDS[uid.removeprefix("queuepulse-")]
        names = [v["name"] for v in board.get("templating", {}).get("list", [])]
        assert not variable or variable in names
