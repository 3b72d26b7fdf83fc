"""``python -m tests.crash``: rounds on an Apache Kafka of their own. Prints seeds and verdicts."""

from __future__ import annotations

import argparse
import asyncio
import sys

from streams.broker import cluster
from streams.quiet import quiet_libraries
from tests.crash.rounds import HARMLESS_WITHOUT_FENCE, Plan, play
from tests.crash.sabotage import SABOTAGES, WITHOUT_TRANSACTIONS

DEADLY = ("kill-in-flush", "kill-in-flush", "join")


def plan_of(seed: int, transactions: bool, sabotage: str, seconds: float) -> Plan:
    """A round with every fault that must be harmless; a sabotaged one with those that find it out."""
    if sabotage in WITHOUT_TRANSACTIONS:
        return Plan(seed, False, sabotage, DEADLY, seconds, pause=1.0)
    if sabotage == "no-fencing":
        return Plan(seed, True, sabotage, ("stop-in-flush", "stop-in-flush", "join"), seconds, pause=0.8)
    if sabotage:
        return Plan(seed, True, sabotage, DEADLY, seconds, pause=1.0)
    return Plan(seed, transactions, faults=Plan(0).faults if transactions else HARMLESS_WITHOUT_FENCE, seconds=seconds)


def main(arguments: list[str]) -> int:
    """Play the rounds asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first round; the next one's is one more")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--nodes", type=int, default=1, help="brokers")
    parser.add_argument("--seconds", type=float, default=20.0, help="for which a round publishes")
    parser.add_argument("--transactions", choices=["on", "off"], default="on")
    parser.add_argument("--sabotage", choices=[*filter(None, SABOTAGES), "all"], default="", help="must go red")
    asked = parser.parse_args(arguments)
    quiet_libraries()
    sabotages = [*filter(None, SABOTAGES)] if asked.sabotage == "all" else [asked.sabotage]
    with cluster(asked.nodes) as running:
        failed = [name for name in sabotages if not asyncio.run(_rounds(running, asked, name))]
    print("RED WHERE IT MUST NOT BE, or green where it must be red." if failed else "All as it must be.")
    return 1 if failed else 0


async def _rounds(running: object, asked: argparse.Namespace, sabotage: str) -> bool:
    """Whether every round was right; of a sabotaged worker, whether one was wrong."""
    caught = False
    for seed in range(asked.seed, asked.seed + asked.rounds):
        found = await play(running, plan_of(seed, asked.transactions == "on", sabotage, asked.seconds))  # type: ignore[arg-type]
        print(found, flush=True)
        for line in [*found.quit[:5], *found.wrong[: 3 if sabotage else 20]]:
            print(f"  {line}", flush=True)
        if found.wrong:
            caught = True
            if sabotage:
                break
    return caught == bool(sabotage)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
