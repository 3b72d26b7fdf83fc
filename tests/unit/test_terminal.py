"""The view of the demo: literal data in, words and signs out."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from streams import terminal

Row = dict[str, Any]


def row(
    queue: str, channel: str, *, state: str = "fine", level: float | None = 0.819, waiting: int = 3
) -> dict[str, Any]:
    return {
        "queue": queue,
        "channel": channel,
        "preset": "short_abandons_excluded",
        "target": {"service_level_ratio": 0.8, "service_level_threshold_seconds": 20.0},
        "live": {
            "waiting": waiting,
            "oldest_wait_seconds": 95.4,
            "agents_available": 2,
            "agents_serving": 13,
            "state": {"oldest_wait": "breach"},
        },
        "trust": {"stale": False, "incomplete": False},
        "windows": {
            "30m": {
                "service_level": {"short_abandons_excluded": level},
                "kpis": {"asa_seconds": 17.2 if level is not None else None, "abandonment_ratio": 0.043},
                "state": {"service_level": state},
            }
        },
    }


def floor(*rows: dict[str, Any], stale: bool = False, missing: int = 0, age: float = 2.0) -> dict[str, Any]:
    return {
        "as_of": "2026-03-02T10:00:30.000+00:00",
        "stale": stale,
        "sources": [{"staleness_seconds": age}, {"staleness_seconds": 400.0}],
        "missing_partitions": [{}] * missing,
        "recovering": [],
        "queues": list(rows),
        "floor": row("ALL", ""),
    }


def shown(answer: dict[str, Any], width: int = 120) -> str:
    out = StringIO()
    Console(file=out, width=width, color_system=None).print(terminal.render(answer, ["http://127.0.0.1:8077/metrics"]))
    return out.getvalue()


def cells(text: str, first: str) -> list[str]:
    """The words of the row that begins so."""
    return next(line for line in text.splitlines() if line.startswith(first)).split()


def test_a_queue_is_one_row_with_words_and_signs() -> None:
    billing, vip = row("billing", "voice", state="at_risk"), row("vip", "voice", state="breach", level=0.5)

    view = shown(floor(billing, vip, row("email", "chat")))

    assert " ".join(cells(view, "billing")) == "billing 3 1:35 81.9 % 80/20 s ▲ at risk 0:17 4.3 % 2 / 13"
    assert " ".join(cells(view, "vip")) == "vip 3 1:35 50.0 % 80/20 s ✕ breach 0:17 4.3 % 2 / 13"
    assert " ".join(cells(view, "email (chat)")) == "email (chat) 3 1:35 81.9 % 80/20 s ✓ fine 0:17 4.3 % 2 / 13"
    assert " ".join(cells(view, "whole floor")) == "whole floor 3 1:35 81.9 % 80/20 s ✓ fine 0:17 4.3 % 2 / 13"
    assert "Contact centre, last 30m" in view
    assert "http://127.0.0.1:8077/metrics" in view


def test_what_has_no_value_is_a_dash_and_no_calls() -> None:
    view = shown(floor(row("sales", "voice", state="none", level=None, waiting=0)))

    assert " ".join(cells(view, "sales")) == "sales 0 - - 80/20 s no calls - 4.3 % 2 / 13"


def test_a_silent_floor_is_called_stale_and_missing_partitions_are_counted() -> None:
    view = shown(floor(row("billing", "voice"), stale=True, missing=8, age=95.0))

    assert "as of 10:00:30 UTC, data 95 s old (stale); 8 partitions missing" in view


def test_the_view_fits_eighty_columns() -> None:
    view = shown(floor(row("billing", "voice", state="at_risk")), width=80)

    assert " ".join(cells(view, "billing")) == "billing 3 1:35 81.9 % 80/20 s ▲ at risk 0:17 4.3 % 2 / 13"
    assert max(map(len, view.splitlines())) <= 80


def test_a_pipe_gets_one_plain_line() -> None:
    assert terminal.line(floor(row("billing", "voice"))) == (
        "10:00:30 waiting 3 oldest 1:35 service level 30m 81.9 % (fine) ASA 0:17 abandoned 4.3 % agents 2/13 "
        "data 2 s old"
    )


def test_a_floor_before_its_first_event_has_no_data_yet() -> None:
    answer = {**floor(), "sources": [], "stale": True, "floor": {**row("ALL", ""), "windows": {}}}

    assert terminal.line(answer).endswith("service level  - (none) ASA - abandoned - agents 2/13 data none yet")
    assert "no data yet" in shown(answer)


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "-"), (0.0, "0:00"), (59.9, "0:59"), (725.0, "12:05"), (3_723.0, "1:02:03")]
)
def test_durations_are_minutes_and_seconds(seconds: float | None, text: str) -> None:
    assert terminal.duration(seconds) == text
