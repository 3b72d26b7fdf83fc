"""``docs/measures.md`` tells the truth: its lists are complete, its formulas the code's, and its examples come out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from streams.measures.book import Book
from streams.measures.formulas import REGISTRY
from streams.measures.inputs import INPUTS
from streams.measures.outcome import outcomes
from streams.measures.period import parse
from streams.measures.record import Measure, decode
from streams.settings import from_raw
from streams.weighted import floor_score

TEXT = (Path(__file__).parents[2] / "docs" / "measures.md").read_text("utf-8")


def table_under(heading: str) -> list[list[str]]:
    """The cells of a section's last table, without its head."""
    (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    table = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)[-1]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]


def test_every_number_is_listed_with_its_unit_and_what_it_is() -> None:
    rows = [[f"`{n.name}`", n.unit, n.meaning, n.adding, "yes" if n.own else "|"] for n in INPUTS.values()]

    assert [[*row[:4], row[4] or "|"] for row in table_under("The numbers")] == rows


def test_every_kpi_is_listed_with_its_formula() -> None:
    assert [row[:3] for row in table_under("The KPIs")] == [[f"`{k.name}`", k.unit, k.formula] for k in REGISTRY]


def test_every_example_of_a_kpi_comes_out() -> None:
    examples = [(row[0].strip("`"), re.findall(r"`(\w+)` ([\d.]+)", row[3]), row[4]) for row in table_under("The KPIs")]
    computed = 0

    for name, inputs, gives in examples:
        given = Book()
        for each, value in inputs:
            given.put(Measure(name=each, period="2026-03", value=float(value)))
        found = {outcome.name: outcome.value for outcome in outcomes(given, {}, parse("2026-03"))}
        if inputs:
            assert found[name] == pytest.approx(float(gives.rstrip(" |"))), name
            computed += 1

    assert computed == len(REGISTRY) - 2  # growth and the worst month need two periods: test_measures_formulas.py


def test_the_example_of_a_measure_is_one() -> None:
    (record,) = re.findall(r"^```json\n(.*?)\n```$", TEXT, re.MULTILINE | re.DOTALL)
    (key,) = re.findall(r'`(\["operating_cost".*?\])`', TEXT)

    assert isinstance(decode(key.encode(), record.encode()), Measure)


def test_every_form_of_a_period_is_one() -> None:
    assert [str(parse(row[0].strip("`"))) for row in table_under("Periods")] == [
        "2026-03-31", "2026-W13", "2026-03", "2026-Q1", "2026", "2026-03-01..2026-03-14",
    ]  # fmt: skip


def test_every_example_of_a_score_comes_out() -> None:
    (model,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    settings = from_raw(tomllib.loads(model), {})

    for row in table_under("The weighted model"):
        *values, expected = [None if cell.strip(" |") == "-" else float(cell.strip(" |")) for cell in row]
        found = floor_score(settings, dict(zip(settings.weights, values, strict=True))).score
        assert found == (None if expected is None else pytest.approx(expected)), row
