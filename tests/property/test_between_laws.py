"""What an agent's facts add to the tallies, one by one, is what follows from all that is known of the agent.

Work of one or several pieces, told late, corrected and withdrawn, and when the agent stopped serving, in any order.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from streams import facts as k
from streams.crossing.agents import Agents
from streams.crossing.fact import CrossFact, Left, Piece, Withdrawn, Work
from streams.slices import MINUTE

NINE = 1_772_442_000_000
moments = st.integers(0, 60)


@st.composite
def works(draw: st.DrawFn) -> CrossFact:
    """A call that comes back to the same agent once or twice at the most."""
    contact, channel = draw(st.integers(0, 5)), draw(st.sampled_from(("voice", "voice", "voice", "chat")))
    pieces = [
        Piece("billing", NINE + began * MINUTE, NINE + (began + lasts) * MINUTE, NINE + (began + lasts) * MINUTE)
        if lasts >= 0
        else Piece("billing", NINE + began * MINUTE)
        for began, lasts in draw(st.lists(st.tuples(moments, st.integers(-1, 9)), min_size=1, max_size=3))
    ]
    return Work(f"call-{contact}", 0, channel, pieces, [], draw(st.sampled_from((False, False, False, True))))


told = st.one_of(
    works(),
    works(),
    works(),
    moments.map(lambda at: Left(NINE + at * MINUTE)),
    st.integers(0, 5).map(lambda contact: Withdrawn(f"call-{contact}", 0)),
)


def plainly(works: list[Work], left: list[int]) -> Counter[tuple[int, int]]:
    """When each time in between ended, and how long it was."""
    spoken = [work for work in works if work.channel == "voice"]
    line = sorted((piece.started_at, piece.free_at, work.outbound) for work in spoken for piece in work.pieces)
    return Counter(
        (began, began - free)
        for (_, free, _), (began, _, outbound) in pairwise(line)
        if not outbound and 0 <= free <= began and not any(free <= at < began for at in left)
    )


@settings(deadline=None)
@given(st.lists(told, max_size=20))
def test_the_changes_of_an_agents_work_add_up_to_what_is_known(facts: list[CrossFact]) -> None:
    rules = Agents()
    known = rules.new("a:ann")
    counted: Counter[tuple[int, int]] = Counter()
    for fact in facts:
        changes = rules.take(known, fact, NINE + 60 * MINUTE)
        assert not isinstance(changes, str)
        for sign, change in changes:
            if change.kind == k.BETWEEN:
                counted[change.at, change.value] += sign

        assert plainly(list(known.work.values()), known.left) == +counted
        assert not -counted
