"""A bounded crash test for every build; ``make crash-test`` plays more rounds. Real Kafka, real processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.broker import BrokerUnavailableError, Cluster, cluster
from tests.crash.__main__ import plan_of
from tests.crash.rounds import Plan, play
from tests.crash.sabotage import WITH_TRANSACTIONS, WITHOUT_TRANSACTIONS

pytestmark = pytest.mark.timeout(420)


def running(nodes: int) -> Iterator[Cluster]:
    """A cluster of its own, because its nodes are killed; tests are skipped where it can't be had."""
    try:
        manager = cluster(nodes)
        found = manager.__enter__()
    except BrokerUnavailableError as error:
        pytest.skip(str(error))
    yield found
    manager.__exit__(None, None, None)


@pytest.fixture(scope="module")
def one_node() -> Iterator[Cluster]:
    yield from running(1)


@pytest.fixture
def three_nodes() -> Iterator[Cluster]:
    yield from running(3)


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_dies_or_sleeps_no_number_is_lost_or_doubled(one_node: Cluster, seed: int) -> None:
    found = await play(one_node, Plan(seed))

    assert found.flaws == ""


async def test_without_transactions_workers_may_die_at_any_moment(one_node: Cluster) -> None:
    found = await play(one_node, plan_of(3, transactions=False, sabotage="", seconds=20.0))

    assert found.flaws == ""


async def test_one_broker_of_three_may_die_under_load(three_nodes: Cluster) -> None:
    found = await play(three_nodes, Plan(4, faults=("broker", "kill-in-flush", "join")))

    assert (found.flaws, found.done["broker"] > 0) == ("", True)


@pytest.mark.parametrize("sabotage", [*WITHOUT_TRANSACTIONS, *WITH_TRANSACTIONS])
async def test_a_sabotaged_worker_is_found_out(one_node: Cluster, sabotage: str) -> None:
    for seed in range(1, 9):  # a kill has to meet the moment between two writes
        if (await play(one_node, plan_of(seed, True, sabotage, seconds=10.0))).wrong:
            return

    pytest.fail(f"{sabotage} was right in eight rounds: the crash test guards nothing")
