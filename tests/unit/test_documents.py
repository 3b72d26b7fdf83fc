"""The documents tell the truth: what they name exists, what they define is computed, their examples come out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
import typer.core
import typer.main

from streams import api, cli, events, kpis, snapshot
from streams.counts import Counts
from streams.exposition.counters import TOTALS, shown_as
from streams.settings import QueueSettings, Retention, Settings
from streams.tally import conversations
from streams.view import FLOOR
from tests.support import Floor, Story, in_time, ms, state

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
    named = {
        name for document in DOCUMENTS for code in code_in(document) for name in re.findall(r"\bmake ([a-z-]+)", code)
    }

    assert named - targets == set()
    assert {"demo", "test"} <= named


def command_lines() -> Iterator[str]:
    """Every `queuepulse ...` in the README, comments cut off."""
    for code in code_in(README):
        yield from re.findall(r"\bqueuepulse [a-z-]+\b.*", code.partition("  #")[0])


def test_every_command_and_option_that_is_named_exists() -> None:
    group = typer.main.get_command(cli.app)
    assert isinstance(group, typer.core.TyperGroup)
    wrong = []
    for line in command_lines():
        words = shlex.split(line)[1:]
        command = group.commands.get(words[0])
        if isinstance(command, typer.core.TyperGroup):
            command = command.commands.get(words[1])
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
    package = ROOT / "streams"
    listed = [name for row in table_under(ARCHITECTURE, "Modules") for name in re.findall(r"[a-z_/]+", row[0])]
    real = {path.stem for path in package.glob("[!_]*.py")} | {
        f"{path.parent.name}/" for path in package.glob("*/*.py")
    }

    assert sorted(listed) == sorted(real)


# --- what they define is computed ------------------------------------------------------------------------------------

QUEUE_KPIS: Final = (("Waiting", 0), ("Handling", 0), ("Agents", 0))
PEOPLE_KPIS: Final = (("Customers, leads and agents", 1),)
CONVERSATION_KPIS: Final = (("Conversations", 1), ("Surveys and reviews", 0))
HELP_KPIS: Final = (("Help centre", 0),)


ALL_KPIS: Final = (*QUEUE_KPIS, *PEOPLE_KPIS, *CONVERSATION_KPIS, *HELP_KPIS)


def kpi_rows(sections: Iterable[tuple[str, int]] = ALL_KPIS) -> list[list[str]]:
    return [row for section, number in sections for row in table_under(DEFINITIONS, section, number)]


def test_every_kpi_is_defined_and_every_definition_is_a_kpi() -> None:
    units = {"s": "seconds"}

    assert sorted((row[0], units.get(row[1], row[1])) for row in kpi_rows()) == sorted(
        (kpi.name, kpi.unit) for kpi in kpis.REGISTRY
    )


def test_every_preset_is_defined_and_every_definition_is_a_preset() -> None:
    assert [row[0] for row in table_under(DEFINITIONS, "Service level")] == list(kpis.PRESETS)


def test_every_count_is_defined_and_every_definition_is_a_count() -> None:
    counters = {total.name for total in TOTALS.values()}
    told = {
        name.replace("<clock>", clock).replace("<rating>", rating)
        for name, _ in table_under(DEFINITIONS, "Counts", 1)
        for clock in conversations.CLOCKS
        for rating in conversations.RATING_KINDS
    }

    assert told == set(map(shown_as, conversations.NAMES.values()))
    assert {row[0] for row in table_under(DEFINITIONS, "Counts")} == counters - {
        f"conversation_{name}" for name in told
    }


def test_everything_live_is_defined_and_every_definition_is_live() -> None:
    empty = snapshot.take([], Settings(), snapshot.WorkerStatus(), 0)

    assert [row[0] for row in table_under(DEFINITIONS, "Now")] == list(api.floor(empty)["floor"]["live"])


# --- their examples come out -----------------------------------------------------------------------------------------

TEN_MINUTES: Final = "Ten minutes in the queue `billing`"
THOUSAND_CALLS: Final = Counts(
    answered=1_000, answered_in_threshold=860, abandoned=60, abandoned_in_threshold=20, short_abandoned=10,
    flowed_out=40, callbacks_in_threshold=6, waiting_past_threshold=30,
)  # fmt: skip
VERBS: Final[dict[str, tuple[Callable[..., events.Event], dict[str, Any]]]] = {
    "offered": (events.CallOffered, {}), "alerting": (events.CallAlerting, {}), "answered": (events.CallAnswered, {}),
    "not_answered": (events.CallNotAnswered, {}), "held": (events.CallHeld, {}), "resumed": (events.CallResumed, {}),
    "transferred": (events.CallTransferred, {}), "escalated": (events.CallEscalated, {}),
    "abandoned": (events.CallAbandoned, {}), "flowed_out": (events.CallFlowedOut, {}),
    "ended": (events.CallEnded, {}), "wrapped_up": (events.CallWrappedUp, {}), "dialled": (events.CallDialled, {}),
    "connected": (events.CallConnected, {}),
}  # fmt: skip
WRITTEN: Final[dict[str, tuple[Callable[..., events.Event], dict[str, Any]]]] = {
    "started": (events.ConversationStarted, {}), "handed_off": (events.ConversationHandedOff, {}),
    "queued": (events.ConversationQueued, {}), "resolved": (events.ConversationResolved, {}),
    "reopened": (events.ConversationReopened, {}), "closed": (events.ConversationClosed, {}),
    "abandoned": (events.ConversationAbandoned, {}), "survey": (events.SurveySent, {"survey_id": "s1"}),
    "complaint": (events.ConversationTagged, {"tags": ("wrong invoice",), "complaint": True}),
    **{who: (events.ConversationMessage, {"author": who}) for who in ("customer", "bot", "agent")},
    **{kind: (events.Reviewed, {"kind": kind, "peer": kind == "peer"}) for kind in ("qa", "peer")},
    **{
        kind: (events.Rated, {"kind": kind, "scale_min": low, "scale_max": high})
        for kind, low, high in (
            ("csat", 1, 5), ("nps", 0, 10), ("agent_nps", 0, 10), ("ces", 1, 7), ("emotion", -1, 1), ("servqual", 1, 7),
        )
    },
}  # fmt: skip
MORE_WORDS: Final = {
    "offered": ("queue",), "alerting": ("agent_id",), "answered": ("agent_id",), "not_answered": ("agent_id",),
    "transferred": ("to",), "flowed_out": ("reason",), "dialled": ("agent_id",), "connected": ("disposition",),
}  # fmt: skip


def steps(cell: str) -> list[list[str]]:
    """``offered 0 · alerting 6 ann`` as words: verb, seconds, and more."""
    return [step.split() for step in cell.split("·")]


def call_of(contact_id: str, cell: str, **always: str) -> Story:
    """The call of one row; its queue is billing until it says otherwise."""
    told, queue = Story(contact_id, **always), "billing"
    for verb, at, *words in steps(cell):
        kind, fields = VERBS[verb]
        said = dict(zip(MORE_WORDS.get(verb, ()), words, strict=True)) if words else {}
        queue = said.get("queue", queue)
        told.tell(kind, float(at), **{"queue": queue, **fields, **said})
    return told


def conversation_of(contact_id: str, cell: str) -> Story:
    """The conversation of one row, in the queue help."""
    told = Story(contact_id, channel="chat", queue="help")
    for verb, at, *numbers in steps(cell):
        kind, fields = WRITTEN[verb]
        scores = dict(zip(("score", "expected"), map(float, numbers), strict=False))
        told.tell(kind, float(at), **fields, **scores)
    return told


def of_somebody(contact_id: str, who: str, cell: str) -> Story:
    """The contact of one row with a customer or a lead: a call, or the one conversation."""
    always = {} if who == "-" else {"lead_id" if who.startswith("lead") else "customer_id": who}
    if who.startswith("lead"):
        always["direction"] = "outbound"
    if not contact_id.startswith("d"):
        return call_of(contact_id, cell, **always)
    told = Story(contact_id, channel="chat", queue="help", agent_id="bob", **always)
    for verb, at, *_ in steps(cell):
        kind, fields = WRITTEN[verb]
        told.tell(kind, float(at), **fields)
    return told


def floor_row(floor: Floor, queue: str, now: float) -> dict[str, Any]:
    """The queue's row in ``/api/floor``, ``now`` seconds after ten."""
    taken = snapshot.take(floor.partitions, floor.settings, snapshot.WorkerStatus(), ms(now))
    (row,) = [row for row in api.floor(taken)["queues"] if row["queue"] == queue]
    return dict(row)


@pytest.fixture(scope="module")
def ten_minutes() -> dict[str, Any]:
    floor = Floor().take(*in_time(call_of(*row) for row in table_under(DEFINITIONS, TEN_MINUTES)))
    for agent, cell in table_under(DEFINITIONS, TEN_MINUTES, 1):
        floor.take(*(state(agent, float(at), to, ["billing"]) for to, at in steps(cell)))  # type: ignore[arg-type]
    return floor_row(floor, "billing", 600)


@pytest.fixture(scope="module")
def morning() -> dict[str, Any]:
    targets = QueueSettings(
        first_reply_target_seconds=120.0, next_reply_target_seconds=45.0, resolution_target_seconds=3_600.0
    )
    stories = [conversation_of(*row) for row in table_under(DEFINITIONS, "Conversations")]
    return floor_row(Floor(Settings(defaults=targets)).take(*in_time(stories)), "help", 5_400)


@pytest.fixture(scope="module")
def people() -> dict[str, Any]:
    settings = Settings(retention=Retention(repeat_days=1 / 24))
    stories = [of_somebody(*row) for row in table_under(DEFINITIONS, "Customers, leads and agents")]
    floor = Floor(settings).take(*in_time(stories))
    taken = snapshot.take(floor.partitions, settings, snapshot.WorkerStatus(), ms(5_400))
    return dict(api.floor(taken)["floor"])


def told_of(sections: Iterable[tuple[str, int]]) -> dict[str, Any]:
    """The example's value of each KPI, as near as it is told; quantiles as near as they are promised to be."""
    values = {row[0]: float(row[4]) for row in kpi_rows(sections)}
    return {name: pytest.approx(n, rel=0.05 if re.search(r"_p\d\d_", name) else 5e-4) for name, n in values.items()}


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
    found, told = ten_minutes["windows"]["15m"]["kpis"], told_of(QUEUE_KPIS)

    assert {name: found[name] for name in told} == told


def test_the_kpis_of_the_morning_are_right(morning: dict[str, Any]) -> None:
    found, told = morning["windows"]["today"]["kpis"], told_of(CONVERSATION_KPIS)

    assert {name: found[name] for name in told} == told


def test_the_kpis_of_the_help_centre_are_right() -> None:
    (told,) = re.findall(r"help centre: (viewed 0 .*?)\.\n", DEFINITIONS.read_text("utf-8"), re.DOTALL)
    floor = Floor()
    for n, (verb, at, *how) in enumerate(steps(told)):
        kind = {"viewed": events.HelpViewed, "deflected": events.HelpDeflected, "searched": events.HelpSearched}[verb]
        found = {"found": how == ["found"]} if how else {}
        floor.take(kind(event_id=f"h{n}", occurred_at=ms(float(at)), **found))
    counts = floor.window("1h", FLOOR, "", now=600)

    assert {kpi.name: kpi.function(counts) for kpi in kpis.REGISTRY if kpi.name in told_of(HELP_KPIS)} == told_of(
        HELP_KPIS
    )


def test_the_kpis_of_customers_leads_and_agents_are_right(people: dict[str, Any]) -> None:
    found, told = people["windows"]["today"]["kpis"], told_of(PEOPLE_KPIS)

    assert {name: found[name] for name in told} == told


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
