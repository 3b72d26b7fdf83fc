"""The race with others: what is true of the records, how totals are judged, how the outcome is shown."""

from __future__ import annotations

import json
import sys
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks.peers.chart import chart
from benchmarks.peers.environment import UnavailableError, _run
from benchmarks.peers.records import plain_calls
from benchmarks.peers.report import README, shown
from benchmarks.peers.table import Row, cells, times
from benchmarks.peers.truth import Counts, Totals, totals_of, truth_of, verdict

SLICE = 1_760_004_000_000


def event(kind: str, contact: str, seconds: float, **more: Any) -> bytes:
    """One record, so long after the slice began."""
    at = SLICE + int(seconds * 1000)
    return json.dumps({"type": f"call.{kind}", "contact_id": contact, "occurred_at": at, **more}).encode()


def row(name: str, *speeds: float, ours: bool = False, counted: str = "all") -> Row:
    """A peer with so many runs."""
    return Row(name, "nothing", 1_000, speeds, [2.0] * len(speeds), [2**20] * len(speeds), counted, ours)


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


# --- how the outcome is shown ----------------------------------------------------------------------------------------


def test_the_fastest_comes_first_and_who_never_ran_last_with_the_reason() -> None:
    rows = [
        row("broken", counted="needs a compiler"),
        row("slow", 10, 30, 20),
        row("ours", 60, 60, 60, ours=True),
        row("fast", 120, 120, 120),
    ]

    table = cells(rows)

    assert [line[0] for line in table] == ["fast", "**ours**", "slow", "broken"]
    assert table[0][6] == "**slower** (0.50 times)"
    assert table[1][6] == ""
    assert table[2][3:8] == ("20 (10-30)", "2.0 (2.0-2.0)", "1", "3.0 times as fast", "all")
    assert table[3] == ("broken", "nothing", "", "-", "-", "-", "", "needs a compiler")


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


def test_a_chart_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing ran"):
        chart([row("broken")], "a machine")


def test_the_readme_says_who_is_faster_who_counted_wrong_and_who_did_not_run() -> None:
    rows = [
        row("fast", 90),
        row("ours", 60, ours=True),
        row("lossy", 25, counted="74.0% lost"),
        row("broken", counted="no compiler"),
    ]

    text = shown(README.read_text("utf-8"), rows, "the command", "a machine")

    assert "as `the command` measured it on a machine" in text
    assert "Faster than ours with everything on: fast (1.5 times).\n" in text
    assert "Wrong totals: lossy (74.0% lost).\n" in text
    assert "Could not run: broken (no compiler).\n" in text
    assert shown(text, rows, "the command", "a machine") == text


def test_a_readme_without_a_place_for_it_is_refused() -> None:
    with pytest.raises(ValueError, match="no block"):
        shown("# Nothing", [row("fast", 90)], "the command", "a machine")


def test_why_a_peer_could_not_be_had_names_no_address() -> None:
    said = "import sys; sys.exit('no pin for it, from https://mirror.invalid/a/b.whl (line 7)')"

    with pytest.raises(UnavailableError, match=r"failed: no pin for it, from \(address\) \(line 7\)"):
        _run([sys.executable, "-c", said])
