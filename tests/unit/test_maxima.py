"""The longest waits of a slice: exact, also after the longest was taken back, as long as the others are known."""

from __future__ import annotations

from streams import tally as y
from streams.facts import Fact, Kind
from streams.ledger import Ledger
from streams.settings import Settings
from tests.support import START, Floor, call


def ledger() -> Ledger:
    return Ledger(Settings(), b"call-events|")


def left(kind: Kind, wait: int) -> Fact:
    """A visit that left its queue at ``START`` after ``wait`` ms."""
    return Fact(kind, "billing", "voice", START, START - wait, START - wait, wait)


def test_maxima_are_exact_and_those_of_the_answered_apart() -> None:
    one = ledger()
    for offset, (kind, wait) in enumerate([(Kind.ANSWERED, 30_123), (Kind.ABANDONED, 44_001), (Kind.ANSWERED, 12_000)]):
        one.post((1, left(kind, wait)), offset, START)

    maxima = one.books["billing", "voice"].minute[START].maxima
    assert (maxima[y.MAX_WAIT], maxima[y.MAX_ANSWERED_WAIT]) == (44_001, 30_123)


def test_the_longest_wait_is_exact_after_the_longest_was_retracted() -> None:
    first, second = left(Kind.ABANDONED, 44_001), left(Kind.ANSWERED, 43_999)  # in one bucket
    one = ledger()
    one.post((1, first), 0, START)
    one.post((1, second), 1, START)

    one.post((-1, first), 2, START)
    one.mend_maxima(iter([(0, second)]))

    assert one.books["billing", "voice"].minute[START].maxima[y.MAX_WAIT] == 43_999
    assert one.books["billing", "voice"].coarse[START].maxima[y.MAX_WAIT] == 43_999


def test_a_slice_from_which_all_waits_were_retracted_has_no_longest_wait_35() -> None:
    one = ledger()
    one.post((1, left(Kind.ABANDONED, 44_000)), 0, START)

    one.post((-1, left(Kind.ABANDONED, 44_000)), 1, START)
    one.mend_maxima(iter([]))

    assert one.books["billing", "voice"].minute[START].maxima == {}


def test_a_longest_wait_nobody_remembers_is_known_to_its_bucket() -> None:
    forgotten, retracted = left(Kind.ABANDONED, 50_000), left(Kind.ABANDONED, 90_000)
    one = ledger()
    one.post((1, forgotten), 0, START)
    one.post((1, retracted), 1, START)

    one.post((-1, retracted), 2, START)
    one.mend_maxima(iter([]))

    longest = one.books["billing", "voice"].minute[START].maxima[y.MAX_WAIT]
    assert 50_000 <= longest == y.EDGES_MS[y.bucket(50_000)] <= 54_500


def test_a_longest_wait_is_never_below_one_that_is_known() -> None:
    forgotten, wrong, right = (left(Kind.ABANDONED, wait) for wait in (50_000, 50_200, 50_400))  # in one bucket
    one = ledger()
    one.post((1, forgotten), 0, START)
    one.post((1, wrong), 1, START)

    one.post((-1, wrong), 2, START)
    one.post((1, right), 2, START)
    one.mend_maxima(iter([(0, right)]))

    assert one.books["billing", "voice"].minute[START].maxima[y.MAX_WAIT] >= 50_400


def test_a_corrected_call_gives_the_longest_wait_back_to_the_next_longest() -> None:
    shorter = call("c1").offered(at=0).abandoned(at=40)
    longer = call("c2").offered(at=0).abandoned(at=45)
    answer = call("c2").answered(at=20, queue="billing", event_id="late")
    floor = Floor().play(shorter, longer)
    assert floor.window("15m", now=60).max_wait_ms == 45_000

    floor.play(answer)

    assert floor.window("15m", now=60).max_wait_ms == 40_000
    assert floor.window("15m", now=60).max_answered_wait_ms == 20_000
