"""The oracle's own account of customers, leads and agents, counted on ten fingers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from streams.simulate.people import WEEK_MS, Everybody, entries
from streams.simulate.truth import Ending, Happening, Moment, Segment, Spell, Visit

HOUR = 3_600_000


def visit(contact: str, at: int, left: int, outcome: str = "answered") -> Visit:
    return Visit(contact, "billing", "voice", at, at, left, outcome, None, left - at, False, True, left)  # type: ignore[arg-type]


def segment(contact: str, answered: int, ended: int | None, free: int | None, agent: str = "ann") -> Segment:
    ending: Ending = "ended" if ended else "handling"
    return Segment(contact, "billing", "voice", agent, answered, answered, answered, ended, free, ending, 0, 0, 0, 0,
                   None, False, True, ended or answered, free)  # fmt: skip


def letter(at: int, what: str, agent: str = "") -> Moment:
    return Moment("d1", "chat", True, at, what, "chat", agent_id=agent)


def counted(
    visits: Iterable[Visit] = (), segments: Iterable[Segment] = (), letters: Iterable[Moment] = (),
    happenings: Iterable[Happening] = (), spells: Iterable[Spell] = (), as_of: int = 30 * 24 * HOUR,
    **parties: str,
) -> dict[str, int]:  # fmt: skip
    """What counts, by name, wherever."""
    by_id = {"d1": list(letters)} if letters else {}
    found: Counter[str] = Counter()
    talks = [Happening("call_ended", each.contact_id, "billing", "voice", 0, each.ended_ms, True)
             for each in segments if each.ended_ms is not None]  # fmt: skip
    for _, _, _, name, n in entries(
        Everybody(list(visits), list(segments), by_id, [*talks, *happenings], parties, list(spells), as_of)
    ):
        found[name] += n
    return dict(found)


def test_a_customer_who_comes_back_within_the_week_is_a_repeat_and_the_case_before_recurred() -> None:
    visits = [visit("c1", 0, 10), visit("c2", 500, 510), visit("c3", 500 + WEEK_MS, 510 + WEEK_MS)]
    segments = [segment("c1", 10, 100, 100), segment("c2", 510, 600, 600), segment("c3", 510 + WEEK_MS, None, None)]

    found = counted(visits, segments, c1="kim", c2="kim", c3="kim")

    assert (found["customer_contacts"], found["repeat_contacts"]) == (3, 2)
    assert (found["cases_resolved"], found["cases_recurred"]) == (2, 2)
    assert (found["first_contacts_resolved"], found["first_contacts_recurred"]) == (1, 1)
    assert (found["first_contacts_final"], found["first_contacts_final_recurred"]) == (1, 1)


def test_who_gave_up_was_not_resolved_and_a_week_that_is_not_over_is_not_final() -> None:
    found = counted([visit("c1", 0, 50, "abandoned"), visit("c2", 60, 70)], [segment("c2", 70, 90, 90)],
                    as_of=90 + WEEK_MS - 1, c1="max", c2="max")  # fmt: skip

    assert (found["customer_contacts"], found["repeat_contacts"], found["first_contacts_resolved"]) == (2, 0, 1)
    assert "first_contacts_final" not in found


def test_each_agent_replies_and_resolves_once_in_a_cycle() -> None:
    said = [letter(0, "queued"), letter(1, "agent", "ann"), letter(2, "agent", "ann"), letter(3, "resolved", "ann"),
            letter(9, "reopened"), letter(10, "agent", "ann"), letter(11, "agent", "bob"),
            letter(12, "resolved")]  # fmt: skip

    found = counted(letters=said, d1="kim")

    assert (found["agent_replied"], found["agent_resolved"]) == (3, 1)
    assert (found["cases_resolved"], found["cases_recurred"]) == (2, 1)


def test_the_time_between_begins_when_the_agent_is_free_and_is_none_after_a_break_or_four_hours() -> None:
    calls = [segment("c1", 0, 100, 130), segment("c2", 150, 200, 200), segment("c3", 300, 400, None),
             segment("c4", 500, 600, 600), segment("c5", 600 + 4 * HOUR + 1, None, None)]  # fmt: skip
    away = Spell("ann", "break", ("billing",), 250, 260)

    found = counted(segments=calls, spells=[away])

    assert (found["between"], found["between_ms"], found["agent_taken"]) == (1, 20, 5)


def test_attempts_at_a_lead_count_where_it_was_first_tried() -> None:
    said = [("dialled", "o1", 0), ("connected_no_answer", "o1", 5), ("dialled", "o2", 50),
            ("connected_abandoned", "o2", 60), ("dialled", "o3", 70)]  # fmt: skip
    happenings = [Happening(name, contact, "renewals", "voice", at, at, True) for name, contact, at in said]

    found = counted(happenings=happenings, o1="lead-1", o2="lead-1", o3="lead-2")

    assert (found["dials"], found["leads"], found["lead_attempts"]) == (3, 2, 3)
    assert (found["outbound_abandoned"], found["connected_no_answer"]) == (1, 1)
