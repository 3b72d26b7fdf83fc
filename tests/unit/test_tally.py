"""Field numbers, histogram buckets, and what one fact adds to."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from streams import tally as y
from streams.books import CORRECTED, WAITED
from streams.counts import counts_of
from streams.events import AgentState, FlowOutReason
from streams.facts import Fact, Kind
from streams.tally import conversations, people
from streams.tally.rules import ConversationRules

HISTOGRAMS = {
    "answered_waits": y.ANSWERED_WAITS, "abandoned_waits": y.ABANDONED_WAITS, "flowed_out_waits": y.FLOWED_OUT_WAITS,
    "handles": y.HANDLES, "ring_times": y.RING_TIMES, **conversations.HISTOGRAMS,
}  # fmt: skip


def fact(kind: Kind, value: int = 0, detail: str = "") -> Fact:
    return Fact(kind, "billing", "voice", 1_000, 1_000, 1_000, value, detail)


def added(kind: Kind, value: int = 0, detail: str = "") -> dict[str, int]:
    """What a fact adds at a threshold of 20 s and a short limit of 5 s, by name."""
    return {y.NAMES[n]: count for n, count in y.counts(fact(kind, value, detail), 20_000, 5_000)}


# --- field numbers ---------------------------------------------------------------------------------------------------


def test_no_two_things_share_a_field_number() -> None:
    numbers: list[int] = [*range(40), *y.FLOWED_OUT_BY.values(), *y.STATE_MS.values(), *conversations.FIELD.values()]
    numbers += conversations.CLOCK_REPLIES.values()
    numbers += [first + 1 for first in conversations.CLOCK_REPLIES.values()]
    for first in conversations.RATINGS.values():
        numbers += range(first, first + 5)
    for first in HISTOGRAMS.values():
        numbers += range(first, first + len(y.EDGES_MS))
    numbers += [y.MAX_ANSWERED_WAIT, y.MAX_WAIT]

    assert len(numbers) == len(set(numbers))


def test_no_field_number_reaches_into_the_cohorts_or_the_corrections() -> None:
    named = max(*y.NAMES, *conversations.NAMES)
    highest = max(named, y.MAX_WAIT, *(first + len(y.EDGES_MS) - 1 for first in HISTOGRAMS.values()))

    assert named < y.ANSWERED_WAITS
    assert highest < y.COHORT
    assert highest + y.COHORT < CORRECTED
    assert CORRECTED % y.COHORT == 0


def test_every_field_that_is_no_histogram_has_one_name() -> None:
    names = [*y.NAMES.values(), *conversations.NAMES.values()]

    assert len(names) == len(set(names))
    assert y.NAMES.keys().isdisjoint(conversations.NAMES)
    assert set(y.NAMES) == {*range(42), *range(60, 70), *range(80, 93)}


def test_every_reason_and_every_agent_state_has_its_own_field() -> None:
    assert set(y.FLOWED_OUT_BY) == set(get_args(FlowOutReason))
    assert set(y.STATE_MS) == set(get_args(AgentState))


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_a_histogram_does_not_read_its_neighbours(name: str) -> None:
    first = HISTOGRAMS[name]
    fields = {first - 1: 7, first: 1, first + len(y.EDGES_MS) - 1: 2, first + len(y.EDGES_MS): 9, first + y.COHORT: 5}

    assert y.histogram(fields, first) == [(0, 1), (len(y.EDGES_MS) - 1, 2)]


# --- buckets and quantiles -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", y.THRESHOLDS_SECONDS)
def test_a_usual_threshold_is_an_exact_edge_and_inclusive(seconds: int) -> None:
    at, beyond = y.bucket(seconds * 1000), y.bucket(seconds * 1000 + 1)

    assert y.EDGES_MS[at] == seconds * 1000
    assert beyond == at + 1


def test_buckets_are_at_most_nine_per_cent_wide_above_half_a_second() -> None:
    above = [edge for edge in y.EDGES_MS if edge >= 500]

    assert (
        max(upper / lower for lower, upper in itertools.pairwise(above)) <= 1.0911
    )  # 9 %, rounded to whole milliseconds


def test_nothing_waited_has_a_bucket_of_its_own() -> None:
    assert (y.bucket(0), y.bucket(1)) == (0, 1)
    assert y.quantile_ms([(0, 5)], 0.5) == 0.0


def test_beyond_the_last_edge_is_the_last_bucket() -> None:
    assert y.bucket(10**12) == len(y.EDGES_MS) - 1


def test_an_empty_histogram_has_no_quantile() -> None:
    assert y.quantile_ms([], 0.5) is None
    assert y.quantile_ms([(3, 0)], 0.5) is None


def test_a_bucket_that_was_taken_back_does_not_count_in_a_quantile() -> None:
    ten, sixty = y.bucket(10_000), y.bucket(60_000)

    quantile = y.quantile_ms([(ten, 3), (sixty, 0)], 0.95)

    assert quantile is not None
    assert abs(quantile - 10_000) <= 500


# --- what one fact adds to -------------------------------------------------------------------------------------------


def test_an_answer_within_the_threshold_adds_to_three_fields() -> None:
    assert added(Kind.ANSWERED, 20_000) == {"answered": 1, "answered_wait_ms": 20_000, "answered_in_threshold": 1}
    assert added(Kind.ANSWERED, 20_001) == {"answered": 1, "answered_wait_ms": 20_001}


@pytest.mark.parametrize(
    ("wait", "short", "within"), [(4_999, 1, 1), (5_000, None, 1), (20_000, None, 1), (20_001, None, None)]
)
def test_a_short_abandon_is_strictly_below_and_one_in_the_threshold_inclusive(
    wait: int, short: int | None, within: int | None
) -> None:
    counted = added(Kind.ABANDONED, wait)

    assert counted["abandoned"] == 1
    assert counted.get("short_abandoned") == short
    assert counted.get("abandoned_in_threshold") == within


def test_a_callback_request_within_the_threshold_is_marked_other_flow_outs_are_not() -> None:
    assert added(Kind.FLOWED_OUT, 20_000, "callback")["callbacks_in_threshold"] == 1
    assert "callbacks_in_threshold" not in added(Kind.FLOWED_OUT, 20_001, "callback")
    assert "callbacks_in_threshold" not in added(Kind.FLOWED_OUT, 1_000, "overflow")


def test_an_orphan_adds_no_wait_27() -> None:
    assert added(Kind.ORPHANED, 14_400_000) == {"orphaned": 1}
    assert Kind.ORPHANED not in y.HISTOGRAMS


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind < Kind.CREATED])
def test_every_kind_of_fact_about_a_queue_or_a_segment_has_a_rule(kind: Kind) -> None:
    detail = {Kind.FLOWED_OUT: "overflow", Kind.HELD: "2", Kind.TRANSFERRED: "within", Kind.EXCLUDED: "test"}

    names = [y.NAMES[n] for n, _ in y.counts(fact(kind, 1_000, detail.get(kind, "")), 20_000, 5_000)]

    assert len(names) == len(set(names))
    assert bool(names) == (kind != Kind.HANDLED)


@pytest.mark.parametrize("kind", [kind for kind in Kind if Kind.CREATED <= kind < Kind.CONTACTED])
def test_every_kind_of_fact_about_a_conversation_has_a_rule(kind: Kind) -> None:
    detail = {
        Kind.FIRST_REPLY: "handoff", Kind.RESOLVED: "first", Kind.UNANSWERED: "inactive", Kind.TAGGED: "refund",
        Kind.RATED: "csat", Kind.REVIEWED: "qa", Kind.HELPED: "help_visits",
            Kind.TEAM_RATED: "nps\nsales\n",
    }  # fmt: skip
    rules = ConversationRules()

    fields = [n for n, _ in conversations.counts(fact(kind, 1_000, detail.get(kind, "")), rules)]

    assert fields
    assert len(fields) == len(set(fields))


@pytest.mark.parametrize("kind", [kind for kind in Kind if Kind.CONTACTED <= kind <= Kind.BETWEEN])
def test_every_kind_of_fact_about_a_customer_a_lead_or_an_agent_has_a_rule(kind: Kind) -> None:
    fields = [n for n, _ in people.counts(fact(kind, 1_000, "person" if kind == Kind.CONNECTED else ""))]

    assert fields
    assert len(fields) == len(set(fields))


# --- adding, and reading ---------------------------------------------------------------------------------------------


def test_what_comes_to_nothing_is_dropped() -> None:
    total = {y.OFFERED: 2, y.ANSWERED: 1}

    y.add(total, {y.OFFERED: -2, y.ABANDONED: 1})

    assert total == {y.ANSWERED: 1, y.ABANDONED: 1}


def test_the_two_attributions_are_read_from_the_same_tally() -> None:
    fields = {y.OFFERED: 1, y.OFFERED + y.COHORT: 3, y.ANSWERED + y.COHORT: 2, y.STATE_MS["available"]: 500}

    by_time, by_arrival = counts_of(fields, cohort=False), counts_of(fields, cohort=True)

    assert (by_time.offered, by_time.answered, by_time.left) == (1, 0, 0)
    assert (by_arrival.offered, by_arrival.answered, by_arrival.left) == (3, 2, 3)
    assert by_time.state_ms == by_arrival.state_ms == {"available": 500}


def test_the_ledger_knows_the_kinds_that_waited_by_their_numbers() -> None:
    assert sorted(WAITED) == list(range(Kind.ANSWERED, Kind.FLOWED_OUT + 1))
