"""What a worker is told of another's partitions shows the same numbers as the partitions themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from streams import api, snapshot
from streams import events as e
from streams.api import agents as api_agents
from streams.api import intervals as api_intervals
from streams.elsewhere import Elsewhere
from streams.owned import is_shared
from streams.partition import Partition, Record
from streams.pieces import at_once
from streams.settings import Settings, from_raw
from streams.sharing import BEAT
from streams.simulate import Faults, demo, simulate, spoil
from streams.slices import Span
from streams.snapshot import WorkerStatus
from streams.stored import STATE_VERSION
from streams.topics import input_topics
from tests.telling import Owner

START = 1_760_004_000_000
NOW = START + 4_000_000
RULES: dict[str, Any] = {
    "groups": {"both": ["billing", "sales"]},
    "queues": {name: {"channel": name, "first_reply_target_seconds": 600} for name in ("chat", "email")},
    "retention": {"fine_minutes": 70},
}


def flushed(owner: Owner, *, tell: bool = True, farewell: bool = False) -> list[Record]:
    """What the owner of the one partition tells with its next flush."""
    return owner.flush(NOW, tell=tell, farewell=farewell).get(0, [])


def elsewhere_of(settings: Settings) -> Elsewhere:
    found = Elsewhere(settings, input_topics(settings.broker.app_id))
    found.follow([0])
    return found


def told(elsewhere: Elsewhere) -> list[Partition]:
    return list(elsewhere.partitions(0.0).values())


def fed(settings: Settings, seconds: int = 4_000) -> tuple[Owner, list[list[Record]]]:
    """An owner after a simulated hour, and what it told every few hundred records."""
    owner, sent = Owner(settings), []
    faults = Faults(duplicates=0.02, disorder_ms=2_000, malformed=0.01)
    for n, item in enumerate(spoil(simulate(demo(START, seconds, hour=10.0), 4), faults, 4), 1):
        owner.put(item.topic, item.key, item.value)
        if n % 300 == 0:
            sent.append(flushed(owner))
    sent += [flushed(owner), flushed(owner)]
    return owner, sent


def floor(partitions: Iterable[Partition], settings: Settings) -> dict[str, Any]:
    """``/api/floor`` when the last record has been applied."""
    status = WorkerStatus(expected=frozenset((topic, 0) for topic in input_topics(settings.broker.app_id)))
    found: dict[str, Any] = _rounded(api.floor(snapshot.take(list(partitions), settings, status, NOW)))
    return found


def _rounded(value: Any) -> Any:
    """Shares of agents are sums of fractions, and end otherwise when the agents come in another order."""
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return round(value, 9) if isinstance(value, float) else value


def test_the_floor_another_worker_shows_is_the_owners_own() -> None:
    settings = from_raw(RULES, {})
    owner, sent = fed(settings)
    elsewhere = elsewhere_of(settings)

    elsewhere.read_to_end(0)
    for records in sent:
        elsewhere.take(0, records, 0.0)

    shown, own = floor(told(elsewhere), settings), floor(owner.partitions, settings)
    assert shown == own
    assert own["complete"]
    assert own["floor"]["live"]["waiting"] > 0
    assert own["floor"]["backlog"]["open"] > 0
    assert own["floor"]["live"]["slots_in_use"] > 0
    assert own["floor"]["windows"]["1h"]["people"]
    assert own["floor"]["windows"]["1h"]["answered"] > 200


def test_agents_and_hours_are_the_owners_own() -> None:
    settings = from_raw(RULES, {})
    owner, sent = fed(settings)
    elsewhere = elsewhere_of(settings)
    for records in sent:
        elsewhere.read_to_end(0)
        elsewhere.take(0, records, 0.0)

    question = api_agents.Question(Span(START, START + 3_600_000))
    query = api_intervals.parse({"by": "hour", "from": str(START), "to": str(START + 3_600_000)}, settings, START)
    agents = [api_agents.answer(each, settings, question) for each in (told(elsewhere), owner.partitions)]
    hours = [at_once(api_intervals.steps(each, settings, query)) for each in (told(elsewhere), owner.partitions)]

    assert agents[0] == agents[1]
    assert sum(row["taken"] for row in agents[1]["agents"]) > 100
    assert hours[0] == hours[1]
    assert hours[1]


def test_who_comes_later_finds_the_same_in_what_compaction_leaves() -> None:
    settings = from_raw(RULES, {})
    owner, sent = fed(settings)
    last: dict[bytes | None, Record] = {}
    for record in (record for records in sent for record in records):
        last.pop(record.key, None)
        last[record.key] = record
    elsewhere = elsewhere_of(settings)

    elsewhere.take(0, last.values(), 0.0)
    unknown = told(elsewhere)
    elsewhere.read_to_end(0)
    elsewhere.take(0, flushed(owner), 0.0)

    assert unknown == []
    assert floor(told(elsewhere), settings) == floor(owner.partitions, settings)


def test_what_was_stored_and_not_told_is_told_by_the_successor() -> None:
    settings = from_raw(RULES, {})
    owner, sent = fed(settings)
    for item in simulate(demo(START + 4_000_000, 600, hour=11.0), 9):
        owner.put(item.topic, item.key, item.value)
    told_until = len(owner.changelog)
    flushed(owner, tell=False)
    stored = {key for key, _ in owner.changelog[told_until:]}
    successor = Owner(settings)
    successor.holdings.clear()
    successor.holdings.restore(0, [Record(n, key, value, 0) for n, (key, value) in enumerate(owner.changelog)])
    successor.begin()
    elsewhere = elsewhere_of(settings)
    elsewhere.read_to_end(0)
    for records in sent:
        elsewhere.take(0, records, 0.0)

    untold = flushed(successor)
    elsewhere.take(0, untold, 0.0)

    assert floor(told(elsewhere), settings) == floor(successor.partitions, settings)
    assert {record.key for record in untold if record.key != BEAT and b"|w|" not in (record.key or b"")} <= stored


def test_a_replaced_owner_adds_nothing() -> None:
    settings = from_raw(RULES, {})
    owner, sent = fed(settings)
    elsewhere = elsewhere_of(settings)
    elsewhere.read_to_end(0)
    for records in sent:
        elsewhere.take(0, records, 0.0)

    elsewhere.take(0, sent[2], 0.0)

    assert floor(told(elsewhere), settings) == floor(owner.partitions, settings)


def test_a_partition_is_missing_until_it_is_read_to_its_end_when_given_back_and_when_silent() -> None:
    settings = from_raw({}, {})
    owner = Owner(settings)
    elsewhere = elsewhere_of(settings)

    elsewhere.take(0, flushed(owner), 10.0)
    before = elsewhere.partitions(10.0)
    elsewhere.read_to_end(0)
    elsewhere.take(0, flushed(owner), 11.0)
    known, silent = elsewhere.partitions(15.9), elsewhere.partitions(16.1)
    elsewhere.take(0, flushed(owner, farewell=True), 12.0)

    assert (before, len(known), silent, elsewhere.partitions(12.0)) == ({}, 5, {}, {})


def test_a_quiet_partition_is_told_with_a_beat_and_nothing_else() -> None:
    owner = Owner(from_raw({}, {}))
    flushed(owner)

    assert [record.key for record in flushed(owner)] == [BEAT]


def test_state_of_another_version_leaves_the_partition_missing_and_is_told_once() -> None:
    settings = from_raw({}, {})
    owner = Owner(settings)
    records = flushed(owner)
    elsewhere = elsewhere_of(settings)
    elsewhere.read_to_end(0)
    strange = [
        record._replace(value=record.value.replace(bytes([STATE_VERSION]), b"\x63", 1) if record.value else None)
        for record in records
    ]

    elsewhere.take(0, [record for record in strange if record.key != BEAT], 0.0)
    elsewhere.take(0, records, 0.0)

    assert elsewhere.partitions(0.0) == {}


def test_what_another_version_told_is_followed_anew_when_its_owner_may_have_been_replaced() -> None:
    settings = from_raw({}, {})
    owner = Owner(settings)
    elsewhere = elsewhere_of(settings)
    elsewhere.follow([0, 1])
    elsewhere.read_to_end(0)
    records = flushed(owner)
    elsewhere.take(0, [record._replace(value=b"0" * 40) for record in records], 0.0)

    elsewhere.take(0, records, 0.0)
    before = elsewhere.partitions(0.0)
    elsewhere.try_again()
    left = elsewhere.numbers
    elsewhere.follow([0, 1])
    elsewhere.read_to_end(0)
    elsewhere.take(0, records, 0.0)

    assert before == {}
    assert left == frozenset({1})
    assert len(elsewhere.partitions(0.0)) == 5


def test_a_worker_alone_tells_once_a_minute_until_partitions_change_hands() -> None:
    owner = Owner(from_raw({}, {}))
    flushed(owner)
    sharing, told_at = owner.sharing, owner.now

    with_others = [sharing.is_due(told_at + 0.9), sharing.is_due(told_at + 1.1)]
    sharing.is_alone(True)
    alone = [sharing.is_due(told_at + 59.0), sharing.is_due(told_at + 61.0)]
    sharing.forget()

    assert (with_others, alone) == ([False, True], [False, True])
    assert sharing.is_due(told_at)
    assert sharing.every_seconds == 1.0


def test_what_is_too_much_at_once_is_told_bit_by_bit_and_known_when_all_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.sharing.MOST", 100)
    settings = from_raw(RULES, {})
    owner, _ = fed(settings, 1_200)
    calls = e.CALL_EVENTS.encode() + b"|"
    shared = {key: value for key, value in owner.changelog if key.startswith(calls) and is_shared(key, len(calls))}
    owner.holdings[e.CALL_EVENTS, 0].untold.update(shared)
    elsewhere = elsewhere_of(settings)
    elsewhere.read_to_end(0)
    known = []

    for _ in range(100):
        elsewhere.take(0, flushed(owner), 0.0)
        known.append(bool(told(elsewhere)))

    assert known.count(False) >= len(shared) // 100 >= 3
    assert known[-1]
    assert known == sorted(known)


def test_where_more_changes_than_can_be_told_at_once_every_partition_has_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.sharing.MOST", 100)
    owner = Owner(from_raw({}, {}), 4)
    beats: list[int] = []

    for _ in range(20):
        for number in range(4):
            untold = owner.holdings[e.CALL_EVENTS, number].untold
            untold.update({f"call-events|s|m|{n}|voice|q".encode(): b"1" for n in range(50)})
        told = owner.flush(NOW)
        beats += [number for number, records in told.items() if records and records[-1].key == BEAT]

    assert {number: beats.count(number) for number in range(4)} == {0: 5, 1: 5, 2: 5, 3: 5}


def test_what_is_told_without_a_beat_is_taken_all_the_same_and_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.elsewhere.MOST_WAITING", 50)
    settings = from_raw(RULES, {})
    owner, sent = fed(settings, 1_200)
    elsewhere = elsewhere_of(settings)
    elsewhere.read_to_end(0)
    elsewhere.take(0, sent[0], 0.0)
    *records, beat = [record for records in sent[1:] for record in records if record.key != BEAT] + [sent[-1][-1]]

    elsewhere.take(0, records, 0.0)
    without = told(elsewhere)
    elsewhere.take(0, [beat], 0.0)

    assert without == []
    assert floor(told(elsewhere), settings) == floor(owner.partitions, settings)
