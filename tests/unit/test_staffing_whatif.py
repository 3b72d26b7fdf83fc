"""What if, and who moves where."""

from __future__ import annotations

import pytest

from streams.staffing.erlang import Demand
from streams.staffing.mend import Team, mend
from streams.staffing.required import Goal, step_of
from streams.staffing.whatif import Change, Changes, parse_change, whatif

GOAL = Goal(0.8, 20)
DEMAND = Demand(100 / 1800, 180)


def test_changes_are_read_as_people_write_them() -> None:
    assert parse_change("+2") == Change("add", 2.0)
    assert parse_change(" -1.5 ") == Change("add", -1.5)
    assert parse_change("-10%") == Change("scale", -0.1)
    assert parse_change("\N{MINUS SIGN}10 %") == Change("scale", -0.1)
    assert parse_change("12") == Change("set", 12.0)


@pytest.mark.parametrize("text", ["", "two", "10%", "+-2", "2e3", "nan", "%", "--1", "9" * 400])
def test_what_is_no_change_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no change|may mean two things|too large"):
        parse_change(text)


def test_two_more_agents_do_what_the_table_says() -> None:
    found = whatif(DEMAND, 11, GOAL, Changes(agents=parse_change("+2")))

    assert found.before.service_level == pytest.approx(0.389614, abs=1e-6)
    assert found.after.service_level == pytest.approx(0.795596, abs=2e-6)
    assert (found.required_before.agents, found.required_after.agents) == (14, 14)


def test_quicker_handling_and_fewer_arrivals_need_fewer_agents() -> None:
    found = whatif(DEMAND, 13, GOAL, Changes(aht=parse_change("-10%"), arrivals=parse_change("150")))

    assert found.demand_after[:2] == pytest.approx((150 / 3600, 162.0))
    assert found.required_after.agents < 14
    assert found.after.service_level > found.before.service_level


def test_a_patience_nobody_has_can_be_set_but_not_changed_and_handling_takes_time() -> None:
    assert whatif(DEMAND, 13, GOAL, Changes(patience=parse_change("+10"))).demand_after.patience_seconds is None
    assert whatif(DEMAND, 13, GOAL, Changes(patience=parse_change("90"))).demand_after.patience_seconds == 90.0
    with pytest.raises(ValueError, match="no time"):
        whatif(DEMAND, 13, GOAL, Changes(aht=parse_change("-300")))


def test_nobody_can_be_sent_away_twice() -> None:
    found = whatif(Demand(0.05, 180, 120), 2, GOAL, Changes(agents=parse_change("-5")))

    assert found.agents_after == 0.0
    assert found.after.service_level == 0.0


def test_the_cheapest_mend_asks_the_queue_that_can_spare_somebody() -> None:
    teams = {
        "billing": Team(DEMAND, 12, GOAL),  # needs 14
        "sales": Team(DEMAND, 18, GOAL),
        "help": Team(DEMAND, 15, GOAL),
    }
    people = [("sales", frozenset({"billing"}))] * 2 + [("help", frozenset({"billing"}))] * 2

    found = mend(teams, people)

    assert [(move.donor, move.receiver) for move in found.moves] == [("sales", "billing"), ("sales", "billing")]
    assert found.missing == {}
    first = found.moves[0]
    assert first.cost == pytest.approx((first.donor_before - first.donor_after) * 200)
    assert first.gain > 10 * first.cost
    assert found.moves[1].receiver_after == pytest.approx(step_of(DEMAND, 14, GOAL).service_level)


def test_no_donor_is_pushed_below_its_own_goal_and_what_is_missing_is_said() -> None:
    teams = {"billing": Team(DEMAND, 11, GOAL), "help": Team(DEMAND, 15, GOAL)}

    found = mend(teams, [("help", frozenset({"billing"}))] * 5)

    assert len(found.moves) == 1
    assert found.missing == {"billing": 2}
    assert found.moves[0].donor_after >= 0.8


def test_nobody_moves_twice_and_a_healthy_floor_needs_no_move() -> None:
    teams = {"billing": Team(DEMAND, 12, GOAL), "sales": Team(DEMAND, 20, GOAL)}

    assert len(mend(teams, [("sales", frozenset({"billing", "chat"}))]).moves) == 1
    assert mend({"sales": Team(DEMAND, 20, GOAL)}, [("sales", frozenset({"billing"}))]) == ([], {})
