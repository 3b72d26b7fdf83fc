"""Prometheus' rules: promtool's unit tests, and one executable definition for every ratio, streams/kpis/__init__.py."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams import kpis
from streams.counts import Counts
from tests.conftest import ROOT

HERE = Path(__file__).parent
RULES = ROOT / "grafana" / "prometheus" / "rules"
RUNBOOKS = ROOT / "docs" / "runbooks"
LABELS = '{channel="voice",queue="billing",window="30m"}'

GOLDEN = Counts(
    answered=1_000, abandoned=60, short_abandoned=10, answered_in_threshold=860, abandoned_in_threshold=20,
    callbacks_in_threshold=5, flowed_out=40, answered_wait_ms=25_500_000, segments=990, talk_ms=180_000_000,
    hold_ms=9_900_000, wrap_ms=40_100_000, waiting_past_threshold=7,
)  # fmt: skip


def promtool(*arguments: str | Path) -> str:
    """What promtool says; the test fails when it disagrees, and is skipped where there is none."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("needs promtool: install Debian's prometheus")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def rules() -> list[dict[str, Any]]:
    """Every rule of every group."""
    files = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(RULES.glob("*.yml"))]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


ALERTS = [rule for rule in rules() if "alert" in rule]


@pytest.mark.parametrize("path", sorted(HERE.glob("*.test.yml")), ids=lambda path: path.name)
def test_promtool_agrees(path: Path) -> None:
    assert "SUCCESS" in promtool("test", "rules", path)


def test_the_configuration_is_valid_and_no_rule_is_there_twice() -> None:
    promtool("check", "config", "--syntax-only", RULES.parent / "prometheus.yml")
    promtool("check", "rules", "--lint=all", "--lint-fatal", *sorted(RULES.glob("*.yml")))


def expected(counts: Counts) -> dict[str, float | None]:
    """What kpis.py makes of the counts, by PromQL expression."""
    preset = "queue_channel_window_preset:contactcenter_service_level:ratio"
    by_preset = {f'{preset}{{preset="{name}"}}': level for name, level in kpis.service_levels(counts).items()}
    return {
        **by_preset,
        "queue_channel_window:contactcenter_service_level:ratio": kpis.with_flowouts(counts),
        "queue_channel_window:contactcenter_asa:seconds": kpis.asa_seconds(counts),
        "queue_channel_window:contactcenter_abandonment:ratio": kpis.abandonment_ratio(counts),
        "queue_channel_window:contactcenter_aht:seconds": kpis.aht_seconds(counts),
    }


def components(counts: Counts) -> dict[str, float]:
    """The counts as a worker exposes them, without prefix."""
    names = (
        "answered", "abandoned", "short_abandoned", "answered_in_threshold", "abandoned_in_threshold",
        "callbacks_in_threshold", "flowed_out", "left",
    )  # fmt: skip
    found: dict[str, float] = {f"window_{name}": getattr(counts, name) for name in names}
    found["window_answered_wait_seconds"] = counts.answered_wait_ms / 1000
    found["window_handle_segments"] = counts.segments
    for name in ("talk", "hold", "wrap"):
        found[f"window_{name}_seconds"] = getattr(counts, f"{name}_ms") / 1000
    return found


@pytest.mark.parametrize(
    "counts",
    [GOLDEN, Counts(), Counts(answered=3), Counts(abandoned=4, short_abandoned=4), Counts(waiting_past_threshold=2)],
    ids=["golden", "nothing", "answered late", "short abandons only", "waiting only"],
)
def test_the_recording_rules_and_kpis_give_the_same_numbers(counts: Counts, tmp_path: Path) -> None:
    where = 'queue="billing",channel="voice",window="30m"'
    series = {f"contactcenter_{name}{{{where}}}": value for name, value in components(counts).items()}
    waiting = 'contactcenter_waiting_past_threshold{queue="billing",channel="voice"}'
    series[waiting] = counts.waiting_past_threshold
    series['contactcenter_queue_info{queue="billing",channel="voice",preset="with_flowouts"}'] = 1

    promtool("test", "rules", _unit_test(tmp_path, series, expected(counts)))


def test_the_golden_service_levels_are_the_published_ones() -> None:
    levels = {name: round(100 * (level or 0), 2) for name, level in kpis.service_levels(GOLDEN).items()}

    assert levels["answered_only"] == 86.00
    assert levels["all_abandons_against"] == 81.13
    assert levels["abandons_in_t_credit"] == 83.02
    assert levels["abandons_in_t_excluded"] == 82.69
    assert levels["short_abandons_credit"] == 82.08
    assert levels["short_abandons_excluded"] == 81.90


STATES = {"fine": 0.0, "at_risk": 1.0, "breach": 2.0}


@pytest.mark.parametrize("in_time", [70, 79, 80, 83, 84, 85, 100])
def test_the_state_of_a_service_level_is_that_of_kpis(in_time: int, tmp_path: Path) -> None:
    level = in_time / 100
    state = kpis.state(level, 0.8, higher_is_better=True)
    counts = Counts(answered=100, answered_in_threshold=in_time)
    series = {f"contactcenter_{n}{{{LABELS[1:-1]}}}": v for n, v in components(counts).items()}
    series['contactcenter_queue_info{queue="billing",channel="voice",preset="answered_only"}'] = 1
    series['contactcenter_sla_target_ratio{queue="billing",channel="voice"}'] = 0.8
    record = "queue_channel_window:contactcenter_service_level:state"

    promtool("test", "rules", _unit_test(tmp_path, series, {record: STATES[state]}))


@pytest.mark.parametrize("wait", [10, 94, 96, 100, 101])
def test_the_state_of_an_oldest_wait_is_that_of_kpis(wait: int, tmp_path: Path) -> None:
    state = kpis.state(wait, 100, higher_is_better=False)
    series = {
        "contactcenter_as_of_timestamp_seconds": 1_000.0,
        'contactcenter_oldest_enqueue_timestamp_seconds{queue="billing",channel="voice"}': 1_000.0 - wait,
        'contactcenter_oldest_wait_target_seconds{queue="billing",channel="voice"}': 100.0,
    }

    promtool(
        "test", "rules", _unit_test(tmp_path, series, {"queue_channel:contactcenter_oldest_wait:state": STATES[state]})
    )


def _unit_test(folder: Path, series: Mapping[str, float], values: Mapping[str, float | None]) -> Path:
    """A promtool test: at this moment these series, and each expression has this value, or no sample for None.

    Compared to within a part in a billion: PromQL and Python add in a different order.
    """
    checks: list[dict[str, Any]] = []
    for expression, value in values.items():
        if value is None:
            checks.append({"expr": expression, "eval_time": "0s", "exp_samples": []})
        else:
            near = f"abs({expression} - {value!r}) <= {max(abs(value), 1) * 1e-9!r}"
            checks.append({"expr": f"count({near})", "eval_time": "0s", "exp_samples": [{"labels": "{}", "value": 1}]})
    test = {
        "rule_files": [str(RULES / "recording.yml")],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [{"series": name, "values": f"{value!r}"} for name, value in series.items()],
                "promql_expr_test": checks,
            }
        ],
    }
    path = folder / "generated.test.yml"
    path.write_text(yaml.safe_dump(test), "utf-8")
    return path


# --- what goes with an alert -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_every_alert_says_what_it_means_and_what_to_do(alert: dict[str, Any]) -> None:
    name, said = alert["alert"], alert["annotations"]

    assert said["summary"]
    assert said["description"].endswith(".")
    assert said["runbook_url"] == f"{{{{ $externalLabels.runbooks }}}}/{name}.md"
    assert said["dashboard_url"].startswith("{{ $externalLabels.grafana }}/d/queuepulse-")
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert alert["labels"]["team"] in ("floor", "pipeline")


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_every_alert_has_a_runbook_and_unit_tests(alert: dict[str, Any]) -> None:
    runbook = (RUNBOOKS / f"{alert['alert']}.md").read_text("utf-8")
    tests = "".join(path.read_text("utf-8") for path in HERE.glob("*.test.yml"))

    for heading in ("## What it means", "## Look", "## Do", "## When it is wrong"):
        assert heading in runbook
    assert alert["alert"] in tests


def test_no_runbook_is_left_of_an_alert_that_is_gone() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {alert["alert"] for alert in ALERTS} | {"README"}
