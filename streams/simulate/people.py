"""What must be counted of customers, leads and agents across contacts: the truth enters, what counts leaves.

Part of the oracle. It knows everybody and all of the time, looks at all pairs it needs, and keeps no state; the
definitions are written out once more, from ``docs/definitions.md``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from streams.simulate.spec import DAY_MS, HOUR_MS
from streams.simulate.truth import Happening, Moment, Segment, Spell, Visit

WEEK_MS: Final = 7 * DAY_MS
LONGEST_BETWEEN_MS: Final = 4 * HOUR_MS
AT_WORK: Final = frozenset({"available", "ringing", "on_contact", "after_contact_work"})

Entry = tuple[str, str, int, str, int]
"""Queue, channel, time (epoch ms), name, number."""

Deed = tuple[str, str, str, int, str]
"""Agent, queue, channel, time, what: "agent_taken", "agent_replied" or "agent_resolved"."""


class Everybody(NamedTuple):
    """The whole truth: ``segments`` without those given up, ``letters`` and ``parties`` by contact id."""

    visits: Sequence[Visit]
    segments: Sequence[Segment]
    letters: Mapping[str, Sequence[Moment]]
    happenings: Sequence[Happening]
    parties: Mapping[str, str]
    spells: Sequence[Spell]
    as_of_ms: int


def entries(everybody: Everybody) -> Iterator[Entry]:
    """What no single contact tells."""
    visits, segments, letters, happenings, parties, spells, as_of_ms = everybody
    known: dict[str, list[Case]] = defaultdict(list)
    for contact, case in cases(visits, segments, letters, happenings):
        if contact in parties:
            known[parties[contact]].append(case)
    yield from of_customers(known, as_of_ms)
    yield from of_leads(happenings, parties)
    for _, queue, channel, at, what in deeds(segments, letters.values()):
        yield queue, channel, at, what, 1
    yield from between(segments, spells)


class Case(NamedTuple):
    """One contact of a known customer: when and where it began; of each cycle when it was opened, resolved and where.

    A cycle that was not resolved has None; nobody new is in one that the centre called back.
    """

    queue: str
    channel: str
    cycles: Sequence[tuple[int, int | None, str]]
    called_back: bool = False


def cases(
    visits: Sequence[Visit],
    segments: Sequence[Segment],
    letters: Mapping[str, Sequence[Moment]],
    happenings: Sequence[Happening],
) -> Iterator[tuple[str, Case]]:
    """Every contact that is one of a customer's, by its id; a call is resolved when it ends after an agent talked."""
    over = _ends(visits, happenings)
    of_calls: dict[str, list[Visit]] = defaultdict(list)
    for visit in visits:
        if visit.counted and visit.contact_id not in letters:
            of_calls[visit.contact_id].append(visit)
    talked: dict[str, list[Segment]] = defaultdict(list)
    for segment in segments:
        if segment.ended_ms is not None:
            talked[segment.contact_id].append(segment)
    for contact, its in of_calls.items():
        first, last = min(its, key=_offered), max(talked[contact], key=_answered, default=None)
        resolved = None if last is None else over.get(contact)
        cycle = (first.started_ms, resolved, "" if last is None else last.queue)
        yield contact, Case(first.queue, first.channel, [cycle], first.is_callback)
    for contact, moments in letters.items():
        if not any(moment.what == "merged" for moment in moments):
            queue = next((moment.queue for moment in moments if moment.what == "queued"), "")
            yield contact, Case(queue, moments[0].channel, _cycles(moments))


def _ends(visits: Sequence[Visit], happenings: Sequence[Happening]) -> dict[str, int]:
    """When calls ended, of those whose end was told: of a talk, or of a last visit that no agent answered."""
    last: dict[str, Visit] = {}
    for visit in visits:
        last[visit.contact_id] = max(visit, last.get(visit.contact_id, visit), key=_offered)
    ends = {each.contact_id: each.at_ms for each in happenings if each.name == "call_ended"}
    left = {one.contact_id: one.seen_ms for one in last.values() if one.outcome in ("abandoned", "flowed_out")}
    return {**ends, **left}


def _offered(visit: Visit) -> int:
    return visit.offered_ms


def _answered(segment: Segment) -> int:
    return segment.answered_ms


def _cycles(moments: Sequence[Moment]) -> list[tuple[int, int | None, str]]:
    found: list[tuple[int, int | None, str]] = [(moments[0].at_ms, None, "")]
    for moment in moments:
        if moment.what == "reopened":
            found.append((moment.at_ms, None, ""))
        elif moment.what == "resolved" and found[-1][1] is None:
            found[-1] = (found[-1][0], moment.at_ms, moment.queue)
    return found


def of_customers(known: Mapping[str, Sequence[Case]], as_of_ms: int) -> Iterator[Entry]:
    """Repeats, cases that recur and first contact resolution, by customer."""
    for theirs in known.values():
        for case in theirs:
            others = [other for other in theirs if other is not case]
            began = case.cycles[0][0]
            settled = [at for other in others for _, at, _ in other.cycles if at is not None]
            repeat = any(0 < began - at <= WEEK_MS for at in settled)
            if not case.called_back:
                yield case.queue, case.channel, began, "customer_contacts", 1
                yield case.queue, case.channel, began, "repeat_contacts", int(repeat)
            for n, (_, at, queue) in enumerate(case.cycles):
                if at is None:
                    continue
                again = [other.cycles[0][0] for other in others if not other.called_back]
                again += [opened for opened, _, _ in case.cycles[n + 1 :]]
                recurred = int(any(0 < opened - at <= WEEK_MS for opened in again))
                place = (queue, case.channel)
                yield *place, at, "cases_resolved", 1
                yield *place, at, "cases_recurred", recurred
                if n == 0 and not repeat:
                    yield *place, at, "first_contacts_resolved", 1
                    yield *place, at, "first_contacts_recurred", recurred
                    if at + WEEK_MS <= as_of_ms:
                        yield *place, at + WEEK_MS, "first_contacts_final", 1
                        yield *place, at + WEEK_MS, "first_contacts_final_recurred", recurred


def of_leads(happenings: Iterable[Happening], lead_of: Mapping[str, str]) -> Iterator[Entry]:
    """Attempts, what they reached, and how often each lead was tried; all attempts count where the first one was."""
    first: dict[str, Happening] = {}
    for each in happenings:
        if each.counted and (each.name == "dialled" or each.name.startswith("connected_")):
            place = (each.queue or "", each.channel)
            if each.name != "dialled":
                yield *place, each.at_ms, each.name, 1
                yield *place, each.at_ms, "outbound_abandoned", int(each.name == "connected_abandoned")
                continue
            yield *place, each.at_ms, "dials", 1
            before = first.setdefault(lead_of[each.contact_id], each)
            yield before.queue or "", before.channel, before.at_ms, "lead_attempts", 1
            yield *place, each.at_ms, "leads", int(before is each)


def deeds(segments: Iterable[Segment], letters: Iterable[Sequence[Moment]]) -> Iterator[Deed]:
    """What agents did: took contacts (not those whose end never came); replied and resolved, once in each cycle."""
    for segment in segments:
        yield segment.agent_id, segment.queue, segment.channel, segment.answered_ms, "agent_taken"
    for moments in letters:
        if any(moment.what == "merged" for moment in moments):
            continue
        cycle, done = 0, set()
        for moment in moments:
            cycle += moment.what == "reopened"
            what = {"agent": "agent_replied", "resolved": "agent_resolved"}.get(moment.what)
            if what and moment.agent_id and (moment.agent_id, what, cycle) not in done:
                done.add((moment.agent_id, what, cycle))
                yield moment.agent_id, moment.queue, moment.channel, moment.at_ms, what


def between(segments: Iterable[Segment], spells: Iterable[Spell]) -> Iterator[Entry]:
    """From the end of an agent's call, after-contact work included, to the next, unless the agent left in between."""
    left: dict[str, list[int]] = defaultdict(list)
    for spell in spells:
        if spell.state not in AT_WORK:
            left[spell.agent_id].append(spell.began_ms)
    lines: dict[str, list[Segment]] = defaultdict(list)
    for segment in segments:
        if segment.channel == "voice":
            lines[segment.agent_id].append(segment)
    for agent, line in lines.items():
        for before, after in pairwise(sorted(line, key=_answered)):
            if before.free_ms is None or not 0 <= after.answered_ms - before.free_ms <= LONGEST_BETWEEN_MS:
                continue
            if not any(before.free_ms <= at < after.answered_ms for at in left[agent]):
                yield after.queue, after.channel, after.answered_ms, "between", 1
                gap = after.answered_ms - before.free_ms
                yield after.queue, after.channel, after.answered_ms, "between_ms", gap
