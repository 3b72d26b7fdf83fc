"""The race with others: what is true of the records, how totals are judged, how the outcome is shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks.peers.chart import chart
from benchmarks.peers.environment import UnavailableError, _run
from benchmarks.peers.jobs.common import Arguments, Progress
from benchmarks.peers.records import plain_calls
from benchmarks.peers.report import README, shown
from benchmarks.peers.table import HEADER, Latency, Row, cells, times
from benchmarks.peers.truth import Counts, Totals, totals_of, truth_of, verdict

SLICE = 1_760_004_000_000


def event(kind: str, contact: str, seconds: float, **more: Any) -> bytes:
    """One record, so long after the slice began."""
    at = SLICE + int(seconds * 1000)
    return json.dumps({"type": f"call.{kind}", "contact_id": contact, "occurred_at": at, **more}).encode()


def row(
    name: str, *speeds: float, ours: bool = False, counted: str = "all", live: Sequence[float] = (), not_live: str = ""
) -> Row:
    """A peer with so many runs, and one live with these latencies (s), or the reason why not."""
    cpu, peaks = [2.0] * len(speeds), [2**20] * len(speeds)
    return Row(name, "nothing", 1_000, speeds, cpu, peaks, counted, ours, live, not_live)


# --- what is true ----------------------------------------------------------------------------------------------------


def test_an_answer_counts_in_its_own_ten_seconds_under_the_queue_of_its_offer() -> None:
    values = [
        event("offered", "a", 1, queue="sales"),
        event("answered", "a", 12.5, queue="elsewhere"),
        event("offered", "b", 2, queue="sales"),
        event("abandoned", "b", 3.25),
        event("ended", "a", 40),
    ]

    assert truth_of(values) == {
        ("sales", SLICE): Counts(offered=2, abandoned=1),
        ("sales", SLICE + 10_000): Counts(answered=1, waited_ms=11_500),
    }


def test_the_order_of_the_records_does_not_matter_to_the_truth() -> None:
    values = [event("offered", "a", 1, queue="sales"), event("answered", "a", 5)]

    assert truth_of(reversed(values)) == truth_of(values)


def test_an_answer_without_an_offer_counts_nowhere() -> None:
    assert truth_of([event("answered", "a", 5)]) == {}


def test_nothing_is_true_of_no_records() -> None:
    assert truth_of([]) == {}


def test_the_records_are_plain_calls_and_the_same_each_time() -> None:
    records = plain_calls(2_000)

    assert len(records) == 2_000
    assert records == plain_calls(2_000)
    assert not [r for r in records if b'"test":true' in r.value or b"internal" in r.value or b"wait_ms" in r.value]
    assert sum(counts.answered for counts in truth_of(r.value for r in records).values()) > 100


# --- how totals are judged -------------------------------------------------------------------------------------------

TRUE: Totals = {("sales", SLICE): Counts(6, 3, 1, 9_000)}


def test_equal_totals_are_right() -> None:
    assert verdict(totals_of([["sales", SLICE, 6, 3, 1, 9_000], ["help", SLICE, 0, 0, 0, 0]]), TRUE).is_right
    assert str(verdict(TRUE, TRUE)) == "all"


def test_partial_sums_of_one_slice_are_added_up() -> None:
    assert totals_of([["sales", str(SLICE), 4, 3, 0, 8_000], ["sales", SLICE, 2, 0, 1, 1_000]]) == TRUE


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["sales", SLICE, 6, 2, 1, 9_000]], "10.0% lost, 1 slices wrong"),
        ([["sales", SLICE, 8, 3, 1, 9_000]], "20.0% too many, 1 slices wrong"),
        ([["sales", SLICE, 6, 3, 1, 8_999]], "1 slices wrong"),
        ([["sales", SLICE + 10_000, 6, 3, 1, 9_000]], "100.0% lost, 100.0% too many, 2 slices wrong"),
        ([], "100.0% lost, 1 slices wrong"),
    ],
)
def test_what_is_lost_doubled_or_misplaced_is_said(rows: list[list[Any]], said: str) -> None:
    found = verdict(totals_of(rows), TRUE)

    assert not found.is_right
    assert str(found) == said


# --- what a peer says ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("live", "said"),
    [(0, "warm 3\ndone 8\n"), (1, "took 1\ntook 3\nwarm 3\ntook 8\ndone 8\n")],
)
def test_a_peer_says_how_many_it_has_counted_live_each_time(
    live: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress(Arguments("kafka", "topic", "group", 8, 8, "folder", "", live))

    assert [progress.took(more) for more in (1, 0, 2, 5)] == [False, False, False, True]
    assert capsys.readouterr().out == said


# --- how the outcome is shown ----------------------------------------------------------------------------------------


def test_the_fastest_comes_first_and_who_never_ran_last_with_the_reason() -> None:
    rows = [
        row("broken", counted="needs a compiler"),
        row("slow", 10, 30, 20, live=[0.004, 1.25, 0.0116]),
        row("ours", 60, 60, 60, ours=True),
        row("fast", 120, 120, 120),
    ]

    table = cells(rows)

    assert [line[0] for line in table] == ["fast", "**ours**", "slow", "broken"]
    assert table[0][7] == "**slower** (0.50 times)"
    assert table[1][7] == ""
    assert table[2][3:] == ("20 (10-30)", "2.0 (2.0-2.0)", "1", "12 / 1,250", "3.0 times as fast", "all")
    assert table[3] == ("broken", "nothing", "", "-", "-", "-", "-", "", "needs a compiler")
    assert {len(line) for line in table} == {len(HEADER)}


def test_the_latency_is_the_median_and_what_one_in_a_hundred_exceeds() -> None:
    found = row("peer", 30, live=[n / 1_000 for n in range(1, 201)]).latency

    assert found == Latency(100, 198)
    assert str(found) == "100 / 198"


def test_who_breaks_live_keeps_its_other_figures_and_says_why() -> None:
    (table,) = cells([row("peer", 30, not_live="ended too early: no memory")])

    assert table[3] == "30 (30-30)"
    assert table[6] == "- (ended too early: no memory)"
    assert table[8] == "all"


def test_we_compare_with_everything_on() -> None:
    rows = [row("ours without", 90, ours=True), row("ours, everything on", 60, ours=True), row("peer", 30)]

    assert times(rows) == {"peer": 2.0}


def test_without_a_run_of_ours_nothing_is_compared() -> None:
    assert times([row("ours", ours=True), row("peer", 30)]) == {}


def test_the_chart_has_a_bar_for_each_that_ran_as_long_as_it_was_fast() -> None:
    rows = [row("a & b", 50), row("ours", 100, ours=True), row("lossy", 25, counted="74.0% lost"), row("broken")]

    drawn = ET.fromstring(chart(rows, "a machine"))
    bars = [(b.get("class"), float(b.get("width") or 0)) for b in drawn.iter("{http://www.w3.org/2000/svg}rect")]

    assert [kind for kind, _ in bars] == ["ours", "peer", "wrong"]
    assert [width / bars[0][1] for _, width in bars] == [1.0, 0.5, 0.25]


def test_the_chart_draws_each_median_as_a_bar_and_a_line_on_to_its_p99() -> None:
    rows = [row("a", 50, live=[0.01, 0.02, 0.1]), row("ours", 100, ours=True, live=[0.4, 0.4, 0.4]), row("b", 25)]

    drawn = ET.fromstring(chart(rows, "a machine"))
    bars = [float(b.get("width") or 0) for b in drawn.iter("{http://www.w3.org/2000/svg}rect")][3:]
    lines = [
        (float(b.get("x1") or 0) - 280, float(b.get("x2") or 0) - 280)
        for b in drawn.iter("{http://www.w3.org/2000/svg}line")
        if b.get("class") == "p99"
    ]

    assert bars == [330, 16.5]
    assert lines == [(330, 330), (16.5, 82.5)]


def test_the_chart_has_every_latency_in_words_or_the_reason_why_there_is_none() -> None:
    long = "ended too early: " + "very much was said " * 20
    rows = [row("a", 50, live=[0.01, 0.02, 0.1]), row("b <c>", 25, not_live="no & more"), row("d", 10, not_live=long)]

    drawn = ET.fromstring(chart(rows, "a machine"))
    said = [text.text or "" for text in drawn.iter("{http://www.w3.org/2000/svg}text")]

    assert "Latency live, p50 / p99 in ms: a 20 / 100; b <c> no & more; d ended" in (drawn[0].text or "")
    assert [text for text in said if text.endswith(" ms")] == ["20 / 100 ms"]
    assert "-  no & more" in said
    assert [len(text) < 90 for text in said if text.startswith("-  ended too early")] == [True]
    assert [text for text in said if "1,000 events a second, live" in text]


def test_a_chart_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing ran"):
        chart([row("broken")], "a machine")


def test_the_readme_shows_who_is_faster_who_counted_wrong_and_who_did_not_run() -> None:
    rows = [
        row("fast", 90, live=[0.01]),
        row("ours", 60, ours=True, live=[0.6]),
        row("ours without", 50, ours=True, live=[0.7]),
        row("lossy", 25, counted="74.0% lost", live=[0.05]),
        row("broken", counted="no compiler"),
    ]

    text = shown(README.read_text("utf-8"), rows, "the command", "a machine")

    assert "as `the command` measured it on a machine" in text
    shape = [line.split(" | ") for line in text.partition("beside others")[2].splitlines() if line.startswith("| ")]
    assert [(cells[0], cells[-2], cells[-1]) for cells in shape[1:]] == [
        ("| fast", "**slower** (0.56 times)", "all |"),
        ("| **ours**", "", "all |"),
        ("| **ours without**", "", "all |"),
        ("| lossy", "2.0 times as fast", "74.0% lost |"),
        ("| broken", "", "no compiler |"),
    ]
    assert "is in our `/metrics` after 600-700 ms; the others have counted it, in memory, after 10-50 ms.\n" in text
    assert shown(text, rows, "the command", "a machine") == text


def test_the_readme_says_nothing_of_latency_where_nobody_ran_live() -> None:
    alone = [row("fast", 90, live=[0.01]), row("ours", 60, ours=True)]

    assert "Live" not in shown(README.read_text("utf-8"), alone, "the command", "a machine").split("beside others")[1]


def test_a_readme_without_a_place_for_it_is_refused() -> None:
    with pytest.raises(ValueError, match="no block"):
        shown("# Nothing", [row("fast", 90)], "the command", "a machine")


def test_why_a_peer_could_not_be_had_names_no_address() -> None:
    said = "import sys; sys.exit('no pin for it, from https://mirror.invalid/a/b.whl (line 7)')"

    with pytest.raises(UnavailableError, match=r"failed: no pin for it, from \(address\) \(line 7\)"):
        _run([sys.executable, "-c", said])
