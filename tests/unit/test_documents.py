"""The documents tell the truth: what they name exists, what they define is computed, their examples come out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final


import pytest
import typer.core
import typer.main

from streams import api, cli, events, kpis, snapshot
from streams.counts import Counts
from streams.exposition_counters import TOTALS
from streams.settings import Settings
from tests.support import Call, Floor, call, in_time, ms, state

ROOT: Final = Path(__file__).parents[2]
README: Final = ROOT / "README.md"
DEFINITIONS: Final = ROOT / "docs" / "definitions.md"
ARCHITECTURE: Final = ROOT / "docs" / "architecture.md"
DOCUMENTS: Final = sorted([README, ROOT / "CHANGELOG.md", ROOT / "schemas" / "README.md", *ROOT.glob("docs/**/*.md")])
MADE_BY_USE: Final = (".venv/", ".cache/")  # named in documents, and not in the repository


def code_in(document: Path) -> list[str]:
    """Every line of a code block and every code span of a document."""
    text = document.read_text("utf-8")
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", prose)


def table_under(document: Path, heading: str, number: int = 0) -> list[list[str]]:
    """The cells of the n-th table of a section, without its head; a name in backticks loses them."""
    text = document.read_text("utf-8")
    (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    table = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)[number]
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]


def anchors_of(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# --- what they name exists -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_exist(document: Path) -> None:
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        if not link.startswith("https://") and (not target.exists() or (anchor and anchor not in anchors_of(target))):
            dead.append(link)

    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_and_test_that_is_named_exists(document: Path) -> None:
    folders = "|".join(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
    missing = []
    for code in code_in(document):
        for name in re.findall(rf"(?<![\w/.-])(?:{folders})/[\w./:-]*\w", code):
            path, _, test = name.partition("::")
            found = (ROOT / path).exists()
            if not found or (test and f"def {test}(" not in (ROOT / path).read_text("utf-8")):
                missing.append(name)

    assert missing == []


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*?##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {name for document in DOCUMENTS for code in code_in(document) for name in re.findall(r"\bmake ([a-z-]+)", code)}

    assert named - targets == set()
    assert {"demo", "test"} <= named


def command_lines() -> Iterator[str]:
    """Every `queuepulse ...` in the README, comments cut off."""
    for code in code_in(README):
        for line in re.findall(r"\bqueuepulse (?:[a-z-]+\b.*)", code.partition("  #")[0]):
            yield line


def test_every_command_and_option_that_is_named_exists() -> None:
    group = typer.main.get_command(cli.app)
    assert isinstance(group, typer.core.TyperGroup)
    wrong = []
    for line in command_lines():
        words = shlex.split(line)[1:]
        command = group.commands.get(words[0])
        known = {option for parameter in command.params for option in parameter.opts} if command else set()
        wrong += [line for word in words[1:] if word.startswith("-") and word.partition("=")[0] not in {*known, "-"}]
        wrong += [] if command else [line]

    assert wrong == []
    assert set(group.commands) == {shlex.split(line)[1] for line in command_lines()}


def test_every_setting_that_is_named_exists() -> None:
    sections = {name: getattr(Settings(), name) for name in ("defaults", "retention", "broker", "web", "worker")}
    named = {
        match
        for document in DOCUMENTS
        for code in code_in(document)
        for match in re.findall(rf"(?<![\w./])({'|'.join(sections)})\.([a-z_]+)\b(?![./])", code)
    }

    assert [f"{section}.{key}" for section, key in named if not hasattr(sections[section], key)] == []


def test_the_list_of_modules_is_complete() -> None:
    listed = {name for row in table_under(ARCHITECTURE, "Modules") for name in re.findall(r"[\w./]+", row[0])}
    real = {
        str(path.relative_to(ROOT / "streams")).removesuffix(".py").removesuffix("__init__")
        for path in [*(ROOT / "streams").glob("*.py"), *(ROOT / "streams").glob("*/__init__.py")]
    }

    assert (sorted(listed - real), sorted(real - listed - {""})) == ([], [])


# --- what they define is computed ------------------------------------------------------------------------------------

KPI_SECTIONS: Final = ("Waiting", "Handling", "Agents")


def kpi_rows() -> list[list[str]]:
    return [row for section in KPI_SECTIONS for row in table_under(DEFINITIONS, section)]


def test_every_kpi_is_defined_and_every_definition_is_a_kpi() -> None:
    units = {"s": "seconds"}

    assert sorted((row[0], units.get(row[1], row[1])) for row in kpi_rows()) == sorted(
        (kpi.name, kpi.unit) for kpi in kpis.REGISTRY
    )


def test_every_preset_is_defined_and_every_definition_is_a_preset() -> None:
    assert [row[0] for row in table_under(DEFINITIONS, "Service level")] == list(kpis.PRESETS)


def test_every_count_is_defined_and_every_definition_is_a_count() -> None:
    assert {row[0] for row in table_under(DEFINITIONS, "Counts")} == {total.name for total in TOTALS.values()}


def test_everything_live_is_defined_and_every_definition_is_live() -> None:
    empty = snapshot.take([], Settings(), snapshot.WorkerStatus(), 0)

    assert [row[0] for row in table_under(DEFINITIONS, "Now")] == list(api.floor(empty)["floor"]["live"])


# --- their examples come out -----------------------------------------------------------------------------------------

TEN_MINUTES: Final = "Ten minutes in the queue `billing`"
NOW: Final = 600.0
THOUSAND_CALLS: Final = Counts(
    answered=1_000, answered_in_threshold=860, abandoned=60, abandoned_in_threshold=20, short_abandoned=10,
    flowed_out=40, callbacks_in_threshold=6, waiting_past_threshold=30,
)  # fmt: skip


def steps(cell: str) -> list[tuple[str, float, str]]:
    """``offered 0 · alerting 6 ann`` as (verb, seconds, the third word or "")."""
    return [(words[0], float(words[1]), words[2] if len(words) > 2 else "") for words in map(str.split, cell.split("·"))]


def story(contact_id: str, cell: str) -> Call:
    """The contact of one row."""
    told = call(contact_id)
    named = {"alerting": "agent_id", "answered": "agent_id", "not_answered": "agent_id", "transferred": "to"}
    named |= {"flowed_out": "reason", "offered": "queue"}
    for verb, at, word in steps(cell):
        if verb == "escalated":
            told.tell(events.CallEscalated, at)
        else:
            getattr(told, verb)(at=at, **({named[verb]: word} if word else {}))
    return told


@pytest.fixture(scope="module")
def ten_minutes() -> dict[str, Any]:
    """The row of the example's queue in ``/api/floor`` at ten past ten."""
    floor = Floor().take(*in_time(story(*row) for row in table_under(DEFINITIONS, TEN_MINUTES)))
    for agent, cell in table_under(DEFINITIONS, TEN_MINUTES, 1):
        floor.take(*(state(agent, at, to, ["billing"]) for to, at, _ in steps(cell)))  # type: ignore[arg-type]
    taken = snapshot.take(floor.partitions, floor.settings, snapshot.WorkerStatus(), ms(NOW))
    (row,) = [row for row in api.floor(taken)["queues"] if row["queue"] == "billing"]
    return dict(row)


def test_the_service_levels_of_the_ten_minutes_are_right(ten_minutes: dict[str, Any]) -> None:
    levels = ten_minutes["windows"]["15m"]["service_level"]

    assert {row[0]: float(row[3]) for row in table_under(DEFINITIONS, "Service level")} == {
        name: round(100 * level, 2) for name, level in levels.items()
    }


def test_the_service_levels_of_a_thousand_calls_are_right() -> None:
    levels = kpis.service_levels(THOUSAND_CALLS)

    assert {row[0]: float(row[4]) for row in table_under(DEFINITIONS, "Service level")} == {
        name: round(100 * level, 2) for name, level in levels.items() if level is not None
    }


def test_the_kpis_of_the_ten_minutes_are_right(ten_minutes: dict[str, Any]) -> None:
    found = ten_minutes["windows"]["15m"]["kpis"]
    told = {row[0]: float(row[4]) for row in kpi_rows()}
    quantiles = {name: value for name, value in told.items() if name.startswith("wait_p")}

    assert {name: found[name] for name in quantiles} == pytest.approx(quantiles, rel=0.05)
    assert {name: found[name] for name in told if name not in quantiles} == pytest.approx(
        {name: value for name, value in told.items() if name not in quantiles}, rel=5e-4
    )


def test_what_is_live_after_ten_minutes_is_right(ten_minutes: dict[str, Any]) -> None:
    told = {row[0]: float(row[2]) for row in table_under(DEFINITIONS, "Now") if row[2]}

    assert {name: ten_minutes["live"][name] for name in told} == told


# --- the changelog ---------------------------------------------------------------------------------------------------

KINDS: Final = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_changelog_is_one() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## (.+)$", text, re.MULTILINE)
    sections = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]

    assert text.startswith("# Changelog\n")
    assert versions[0] == "[Unreleased]"
    for version in versions[1:]:
        numbered = re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", version)
        assert numbered is not None, version
        date.fromisoformat(numbered[2])
    for section in sections:
        kinds = re.findall(r"^### (.+)$", section, re.MULTILINE)
        assert set(kinds) <= KINDS
        assert len(kinds) == len(set(kinds))
        assert [kind for kind in re.split(r"^### .+$", section, flags=re.MULTILINE)[1:] if not kind.strip()] == []
