"""The figures of docs/growing.md are measured again, and its sums done again."""

from __future__ import annotations

import re

import pytest

from benchmarks.sizes import sizes
from streams.core import CORE
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "growing.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its first two lines."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def number(text: str) -> float:
    return float(text.replace(",", ""))


PRICES = {
    name: {"python": number(memory), "compiled": number(compiled), "stored": number(stored)}
    for name, memory, compiled, stored in rows("What one of each takes")
}


def test_what_one_of_each_takes_is_what_the_page_says() -> None:
    measured = sizes()

    assert list(measured) == list(PRICES)
    for name, size in measured.items():
        assert PRICES[name][CORE] == pytest.approx(size.memory, rel=0.15), name
        assert PRICES[name]["stored"] == pytest.approx(size.stored, rel=0.1), name


def test_the_worked_example_multiplies_and_adds_up() -> None:
    example = rows("A worked example")
    total = 0.0

    for name, how_many, each, mebibytes in example:
        assert number(each) == PRICES[name]["python"]
        assert number(mebibytes) == round(number(how_many) * number(each) / 2**20)
        total += number(how_many) * number(each) / 2**20

    assert len(example) == 6
    (said,) = re.findall(r"Together (\d+) MiB", PAGE)
    assert int(said) == round(total)


def test_how_many_there_are_follows_from_the_floor() -> None:
    queues, calls, workers, partitions = 50, 200_000, 4, 4
    how_many = {name: number(n) for name, n, *_ in rows("A worked example")}

    assert how_many["an open call"] == pytest.approx(calls / 12 / 60 * 5 / workers, rel=0.02)
    assert how_many["a closed call that can be corrected"] == pytest.approx(calls / 12 / 2 / workers, rel=0.02)
    assert how_many["what is left of a call"] == calls / workers
    assert how_many["a minute of a queue"] == queues * 71 * partitions
    assert how_many["a quarter hour of a queue"] == queues * 8 * 12 * 4 * partitions
    assert how_many["a quarter hour of a queue, counted elsewhere"] == queues * 8 * 12 * 4 * partitions * (workers - 1)
