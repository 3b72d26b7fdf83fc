"""What is counted of conversations, surveys and reviews: fields 100 to 299, and their histograms.

The second half of ``streams.tally``: a fact and the rules of its queue enter, (field, number) pairs leave. Response and
resolution times are counted by the calendar and, side by side, in business hours; which clock is *the* first response
clock is the queue's choice, the others keep count and sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, get_args

from streams.events import RatingKind
from streams.facts import Fact, Kind
from streams.tally import bucket
from streams.tally.rules import ConversationRules

Pairs = tuple[tuple[int, int], ...]


_NAMES: Final = (
    "created", "reopened", "closed", "closed_ms", "unanswered", "replies",
    "first_replies", "first_reply_ms", "first_reply_business_ms", "first_reply_met", "first_reply_missed",
    "next_replies", "next_reply_ms", "next_reply_business_ms", "next_reply_met", "next_reply_missed",
    "first_resolutions", "first_resolution_ms", "resolutions", "resolution_ms", "resolution_business_ms",
    "resolution_met", "resolution_missed", "tagged", "complaints", "comments", "surveys_sent", "qa_reviews", "qa_score",
    "peer_reviews", "peer_score", "servqual_expected",
)  # fmt: skip
_HELP: Final = ("help_visits", "help_visits_alone", "help_searches", "help_searches_failed")
FIELD: Final[dict[str, int]] = {
    **{name: 100 + n for n, name in enumerate(_NAMES)},
    **{name: 250 + n for n, name in enumerate(_HELP)},
}

CLOCKS: Final = ("creation", "handoff", "queue", "reopen")
CLOCK_REPLIES: Final = {clock: 140 + 2 * n for n, clock in enumerate(CLOCKS)}
"""First replies by each clock; the field after holds their ms."""

RATING_KINDS: Final[tuple[str, ...]] = get_args(RatingKind)
RATINGS: Final = {kind: 160 + 5 * n for n, kind in enumerate(RATING_KINDS)}
"""Five fields for each kind of rating: answers, sum of scores in thousandths of the scale, high, low, middle."""

HIGH: Final = {"nps": 900, "agent_nps": 900}
"""From this score (thousandths of the scale) a rating is high: promoters at 9 of 0-10; satisfied at 4 of 1-5."""
LOW: Final = {"nps": 600, "agent_nps": 600}
"""Up to this score a rating is low: detractors at 6 of 0-10; dissatisfied at 2 of 1-5."""

FIRST_REPLIES, NEXT_REPLIES, FIRST_RESOLUTIONS, RESOLUTIONS, CLOSINGS = 4_500, 5_000, 5_500, 6_000, 6_500
BUSINESS_FIRST_REPLIES, BUSINESS_NEXT_REPLIES, BUSINESS_RESOLUTIONS = 7_000, 7_500, 8_000
HISTOGRAMS: Final = {
    "first_replies": FIRST_REPLIES, "next_replies": NEXT_REPLIES, "first_resolutions": FIRST_RESOLUTIONS,
    "resolutions": RESOLUTIONS, "closings": CLOSINGS, "first_replies_business": BUSINESS_FIRST_REPLIES,
    "next_replies_business": BUSINESS_NEXT_REPLIES, "resolutions_business": BUSINESS_RESOLUTIONS,
}  # fmt: skip
"""First field number of each histogram."""

NAMES: Final[dict[int, str]] = {
    **{n: name for name, n in FIELD.items()},
    **{n: f"first_replies_since_{clock}" for clock, n in CLOCK_REPLIES.items()},
    **{n + 1: f"first_reply_since_{clock}_ms" for clock, n in CLOCK_REPLIES.items()},
    **{
        first + n: f"{kind}_{what}"
        for kind, first in RATINGS.items()
        for n, what in enumerate(("ratings", "score", "high", "low", "middle"))
    },
}


def counts(fact: Fact, rules: ConversationRules) -> Pairs:
    """The fields and histogram buckets one fact about a conversation adds to."""
    return _COUNTED[fact.kind](fact, rules)


def _one(name: str) -> Callable[[Fact, ConversationRules], Pairs]:
    pair = ((FIELD[name], 1),)
    return lambda _fact, _rules: pair


def _timed(
    fact: Fact, rules: ConversationRules, names: tuple[str, str, str], histograms: tuple[int, int], target: int | None,
    judged: str,
) -> Pairs:  # fmt: skip
    """Count, sum and histogram of a duration, by the calendar and in business hours, and whether it met its target."""
    value = fact.value
    business = value if rules.business is None else rules.business(fact.at - value, fact.at)
    pairs = (
        (FIELD[names[0]], 1), (FIELD[names[1]], value), (FIELD[names[2]], business),
        (histograms[0] + bucket(value), 1), (histograms[1] + bucket(business), 1),
    )  # fmt: skip
    if target is None:
        return pairs
    met = (business if rules.targets_in_business_hours else value) <= target
    return (*pairs, (FIELD[f"{judged}_{'met' if met else 'missed'}"], 1))


def _first_reply(fact: Fact, rules: ConversationRules) -> Pairs:
    by_clock = CLOCK_REPLIES[fact.detail]
    pairs: Pairs = ((by_clock, 1), (by_clock + 1, fact.value))
    if fact.detail != rules.first_reply_clock:
        return pairs
    names = ("first_replies", "first_reply_ms", "first_reply_business_ms")
    histograms = (FIRST_REPLIES, BUSINESS_FIRST_REPLIES)
    return (
        *pairs,
        *_timed(fact, rules, names, histograms, rules.targets_of(fact.priority).first_reply_ms, "first_reply"),
    )


def _next_reply(fact: Fact, rules: ConversationRules) -> Pairs:
    names = ("next_replies", "next_reply_ms", "next_reply_business_ms")
    return _timed(
        fact,
        rules,
        names,
        (NEXT_REPLIES, BUSINESS_NEXT_REPLIES),
        rules.targets_of(fact.priority).next_reply_ms,
        "next_reply",
    )


def _resolved(fact: Fact, rules: ConversationRules) -> Pairs:
    if fact.detail == "first":
        return (
            (FIELD["first_resolutions"], 1), (FIELD["first_resolution_ms"], fact.value),
            (FIRST_RESOLUTIONS + bucket(fact.value), 1),
        )  # fmt: skip
    names = ("resolutions", "resolution_ms", "resolution_business_ms")
    return _timed(
        fact,
        rules,
        names,
        (RESOLUTIONS, BUSINESS_RESOLUTIONS),
        rules.targets_of(fact.priority).resolution_ms,
        "resolution",
    )


def _rated(fact: Fact, _rules: ConversationRules) -> Pairs:
    first, score = RATINGS[fact.detail], fact.value
    level = 2 if score >= HIGH.get(fact.detail, 750) else 3 if score <= LOW.get(fact.detail, 250) else 4
    return ((first, 1), (first + 1, score), (first + level, 1))


def _team_rated(fact: Fact, _rules: ConversationRules) -> Pairs:
    kind = fact.detail.split("\n")[0]
    told = Fact(fact.kind, "", "", 0, 0, 0, fact.value, kind)
    return _rated(told, _rules) if kind in RATINGS else _reviewed(told, _rules)


def _reviewed(fact: Fact, _rules: ConversationRules) -> Pairs:
    return ((FIELD[f"{fact.detail}_reviews"], 1), (FIELD[f"{fact.detail}_score"], fact.value))


_COUNTED: Final[dict[int, Callable[[Fact, ConversationRules], Pairs]]] = {
    Kind.CREATED: _one("created"),
    Kind.FIRST_REPLY: _first_reply,
    Kind.NEXT_REPLY: _next_reply,
    Kind.RESOLVED: _resolved,
    Kind.CLOSED: lambda fact, _rules: (
        (FIELD["closed"], 1),
        (FIELD["closed_ms"], fact.value),
        (CLOSINGS + bucket(fact.value), 1),
    ),
    Kind.REOPENED: _one("reopened"),
    Kind.UNANSWERED: _one("unanswered"),
    Kind.TAGGED: _one("tagged"),
    Kind.COMPLAINED: _one("complaints"),
    Kind.COMMENTED: _one("comments"),
    Kind.SURVEYED: _one("surveys_sent"),
    Kind.RATED: _rated,
    Kind.EXPECTED: lambda fact, _rules: ((FIELD["servqual_expected"], fact.value),),
    Kind.REVIEWED: _reviewed,
    Kind.REPLIED: _one("replies"),
    Kind.TEAM_RATED: _team_rated,
    Kind.HELPED: lambda fact, _rules: ((FIELD[fact.detail], 1),),
}
