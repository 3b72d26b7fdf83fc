"""Conversations: response and resolution clocks, by literal numbers."""

from __future__ import annotations

import msgspec
import pytest

from streams import backlog, kpis
from streams import events as e
from streams.counts import Counts
from streams.kpis.conversations import net_resolved
from streams.partition import Partition, Record
from streams.settings import PriorityTargets, QueueSettings, Settings
from streams.windows import Windows
from tests.support import Floor, chat

START = 1_772_445_600_000
HOUR = 3_600_000
_encode = msgspec.json.Encoder().encode

AT_THE_START = {"contact_id": "k1", "channel": "chat", "queue": "help"}


class Talk:
    """One conversation written down second by second, then read by the core."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.events: list[e.Event] = []

    def add(self, event: type[e.ConversationEvent], seconds: float, /, **fields: object) -> Talk:
        at = START + round(seconds * 1000)
        told = {"event_id": f"e{len(self.events)}", "occurred_at": at, **AT_THE_START, **fields}
        self.events.append(event(**told))  # type: ignore[arg-type]
        return self

    def says(self, author: str, seconds: float, **fields: object) -> Talk:
        return self.add(e.ConversationMessage, seconds, author=author, **fields)

    def partition(self) -> Partition:
        partition = Partition(self.settings, "conversation-events", 0)
        records = [Record(n, b"k1", _encode(event), 0) for n, event in enumerate(self.events)]
        assert partition.apply(records) == []
        return partition

    def counts(self, hours: float = 1) -> Counts:
        now = START + round(hours * HOUR) - 1
        return Windows().of([self.partition()], self.settings, "today", now)["help", "chat"].counts

    def kpi(self, name: str, hours: float = 1) -> float | None:
        found = {kpi.name: kpi.function for kpi in kpis.REGISTRY}
        return found[name](self.counts(hours))


def handed_off() -> Talk:
    """A bot talks until +20 s; a person replies at +62 s."""
    talk = Talk().add(e.ConversationStarted, 0).says("customer", 1).says("bot", 2).says("auto", 3)
    return talk.add(e.ConversationHandedOff, 20).add(e.ConversationQueued, 25).says("agent", 62, agent_id="ann")


def test_the_first_response_counts_from_the_hand_off_21() -> None:
    assert handed_off().kpi("first_response_seconds") == 42


def test_the_first_human_reply_is_a_first_response_and_no_next_one() -> None:
    assert handed_off().kpi("next_response_seconds") is None


def test_five_resolved_and_one_reopened_are_four_net() -> None:
    stories = [chat(f"d{n}").queued(at=n).assigned(at=10 + n).resolved(at=60 + n) for n in range(5)]
    stories[2].tell(e.ConversationReopened, 90)

    counts = Floor().play(*stories).window("15m", "chat", "chat", now=120)

    assert (counts.say("first_resolutions"), counts.say("reopened"), net_resolved(counts)) == (5, 1, 4)


def test_the_first_human_reply_gives_no_next_response_time() -> None:
    assert handed_off().kpi("next_response_seconds") is None


@pytest.mark.parametrize(("clock", "seconds"), [("creation", 62), ("handoff", 42), ("queue", 37)])
def test_the_first_response_clock_is_a_switch(clock: str, seconds: float) -> None:
    talk = handed_off()
    talk.settings = Settings(defaults=QueueSettings(first_reply_clock=clock))  # type: ignore[arg-type]

    assert talk.kpi("first_response_seconds") == seconds


def test_bots_and_auto_acknowledgements_are_no_reply_22() -> None:
    talk = Talk().add(e.ConversationStarted, 0).says("bot", 1).says("auto", 2)

    assert talk.kpi("first_response_seconds") is None


def test_a_note_among_agents_is_no_reply() -> None:
    talk = Talk().add(e.ConversationStarted, 0).says("agent", 10, public=False).says("agent", 30)

    assert talk.kpi("first_response_seconds") == 30


def test_the_next_response_counts_from_the_first_unanswered_message_of_a_run() -> None:
    talk = handed_off().says("customer", 70).says("customer", 75).says("agent", 100)

    assert talk.kpi("next_response_seconds") == 30


def test_thanks_after_resolving_starts_no_clock_20() -> None:
    talk = handed_off().add(e.ConversationResolved, 200).says("customer", 210).says("agent", 900)

    assert talk.kpi("next_response_seconds") is None


def test_after_a_reopening_customers_wait_again_20() -> None:
    talk = handed_off().add(e.ConversationResolved, 200).add(e.ConversationReopened, 300)
    talk.says("customer", 310).says("agent", 350)

    assert talk.kpi("next_response_seconds") == 40
    assert talk.counts().told["first_replies_since_reopen"] == 1
    assert talk.counts().told["first_reply_since_reopen_ms"] == 50_000


def test_the_final_resolution_replaces_the_one_before_it() -> None:
    talk = handed_off().add(e.ConversationResolved, 200).add(e.ConversationReopened, 300)
    talk.add(e.ConversationResolved, 500)

    assert talk.kpi("first_resolution_seconds") == 200
    assert talk.kpi("resolution_seconds") == 500
    assert talk.counts().told["resolutions"] == 1
    assert talk.kpi("reopened_ratio") == 1


def test_a_reopening_days_later_is_still_a_reopening_20() -> None:
    talk = handed_off().add(e.ConversationResolved, 200).add(e.ConversationReopened, 3 * 86_400)
    talk.settings = Settings()
    others = Talk().add(e.ConversationStarted, 2 * 86_400, contact_id="k2")
    events = [*talk.events[:-1], *others.events, talk.events[-1]]
    partition = Partition(Settings(), "conversation-events", 0)
    for n, event in enumerate(events):
        renamed = msgspec.structs.replace(event, event_id=f"x{n}")
        partition.apply([Record(n, event.contact_id.encode(), _encode(renamed), 0)])  # type: ignore[union-attr]

    counts = Windows().of([partition], Settings(), "today", START + 3 * 24 * HOUR + 1)["help", "chat"].counts

    assert counts.told["reopened"] == 1


def test_time_to_close_is_not_resolution_time() -> None:
    talk = handed_off().add(e.ConversationResolved, 200).add(e.ConversationClosed, 260)

    assert talk.kpi("resolution_seconds") == 200
    assert talk.kpi("close_seconds") == 260


def test_a_conversation_nobody_answered_is_abandoned() -> None:
    talk = Talk().add(e.ConversationStarted, 0).says("bot", 1).add(e.ConversationAbandoned, 90)

    assert talk.kpi("unanswered_ratio") == 1


def test_a_merged_conversation_leaves_every_ratio_30() -> None:
    talk = handed_off().add(e.ConversationMerged, 100, into="k2")

    assert talk.counts().told == {}
    assert talk.counts().answered == 0


def test_promises_are_kept_or_missed_by_priority() -> None:
    rule = QueueSettings(
        first_reply_target_seconds=60.0, priorities={"2": PriorityTargets(first_reply_target_seconds=30.0)}
    )
    normal, urgent = handed_off(), handed_off()
    urgent.events = [msgspec.structs.replace(event, priority=2) for event in urgent.events]
    normal.settings = urgent.settings = Settings(defaults=rule)

    assert normal.kpi("first_reply_sla_ratio") == 1
    assert urgent.kpi("first_reply_sla_ratio") == 0


def test_an_open_conversation_runs_is_at_risk_and_overdue() -> None:
    settings = Settings(defaults=QueueSettings(first_reply_target_seconds=100.0, at_risk_ratio=0.75))
    talk = Talk(settings).add(e.ConversationStarted, 0).add(e.ConversationQueued, 0)
    partition = talk.partition()

    def state(seconds: int) -> tuple[int, int, int]:
        row = backlog.backlog([partition], settings, START + seconds * 1000)["help", "chat"]
        return tuple(each.get("first_reply", 0) for each in (row.running, row.at_risk, row.overdue))  # type: ignore[return-value]

    assert state(74) == (1, 0, 0)
    assert state(75) == (1, 1, 0)
    assert state(100) == (1, 1, 0)
    assert state(101) == (0, 0, 1)


def test_the_backlog_counts_open_conversations_by_age_19() -> None:
    talk = Talk().add(e.ConversationStarted, 0).add(e.ConversationQueued, 0)
    row = backlog.backlog([talk.partition()], Settings(), START + 5 * HOUR)["help", "chat"]

    assert (row.open, row.by_age, row.oldest_at, row.awaiting_first_reply) == (1, {"under_1d": 1}, START, 1)


def test_a_resolved_conversation_is_no_backlog() -> None:
    partition = handed_off().add(e.ConversationResolved, 200).partition()

    assert list(backlog.backlog([partition], Settings(), START + HOUR)) == [("ALL", "")]


def rated(kind: str, *scores: float, low: float, high: float) -> Talk:
    talk = Talk().add(e.ConversationStarted, 0).add(e.ConversationQueued, 0)
    for n, score in enumerate(scores):
        talk.add(e.Rated, 10 + n, kind=kind, score=score, scale_min=low, scale_max=high)
    return talk


def test_satisfied_are_those_who_say_4_or_5_of_5() -> None:
    talk = rated("csat", 5, 4, 3, 1, low=1, high=5)

    assert talk.kpi("csat_ratio") == 0.5
    assert talk.kpi("csat_score") == 3.25


def test_net_promoters_are_9_and_10_less_0_to_6() -> None:
    assert rated("nps", 10, 9, 8, 7, 6, low=0, high=10).kpi("nps") == 20


def test_quality_received_is_set_against_quality_expected() -> None:
    talk = Talk().add(e.ConversationStarted, 0).add(e.ConversationQueued, 0)
    talk.add(e.Rated, 10, kind="servqual", score=3, scale_min=1, scale_max=5, expected=5)

    assert talk.kpi("servqual_gap") == -0.5


def test_reviews_of_quality_and_of_teammates_are_apart() -> None:
    talk = Talk().add(e.ConversationStarted, 0).add(e.ConversationQueued, 0)
    talk.add(e.Reviewed, 10, kind="qa", score=0.9).add(e.Reviewed, 11, kind="peer", score=0.5, peer=True)

    assert talk.kpi("qa_score_ratio") == 0.9
    assert talk.kpi("peer_score_ratio") == 0.5


def test_only_configured_tags_have_a_row_of_their_own() -> None:
    talk = Talk(Settings(tags=("invoice",))).add(e.ConversationStarted, 0)
    talk.add(e.ConversationTagged, 5, tags=("invoice", "anything"), complaint=True)
    books = talk.partition().ledger.books

    assert sorted(queue for queue, _ in books if queue.startswith("#")) == ["#invoice", "#other"]
    assert talk.kpi("complaint_ratio") == 1


def test_a_survey_alone_makes_no_conversation() -> None:
    talk = Talk().add(e.SurveySent, 0, survey_id="s1").add(e.Rated, 5, kind="csat", score=5)

    assert "created" not in talk.counts().told
    assert talk.kpi("csat_ratio") == 1


def test_a_conversation_is_created_in_the_first_queue_it_enters() -> None:
    talk = Talk().add(e.ConversationStarted, 0, queue=None).add(e.ConversationQueued, 30, queue="help")
    rows = Windows().of([talk.partition()], Settings(), "today", START + HOUR)

    assert rows["help", "chat"].counts.told["created"] == 1
    assert "created" not in rows["", "chat"].counts.told


def test_business_hours_and_the_calendar_stand_side_by_side_14() -> None:
    rule = QueueSettings(timezone="Europe/Berlin", opening_hours={"mon": ("09:00-17:00",), "tue": ("09:00-17:00",)})
    talk = Talk(Settings(defaults=rule))  # START is Monday, 2 March 2026, 11:00 in Berlin
    talk.add(e.ConversationStarted, 0).says("agent", 23 * 3600)

    assert talk.kpi("first_response_seconds", hours=24) == 23 * 3600
    assert talk.kpi("first_response_business_seconds", hours=24) == 7 * 3600


def test_a_target_in_business_hours_is_not_missed_over_night() -> None:
    rule = QueueSettings(
        timezone="Europe/Berlin", opening_hours={"mon": ("09:00-17:00",), "tue": ("09:00-17:00",)},
        first_reply_target_seconds=8 * 3600.0, targets_in_business_hours=True,
    )  # fmt: skip
    talk = Talk(Settings(defaults=rule)).add(e.ConversationStarted, 0).says("agent", 23 * 3600)

    assert talk.kpi("first_reply_sla_ratio", hours=24) == 1
