"""The arrows between our own modules point one way, and importing opens nothing.

That the core imports no Kafka, no sockets and no clock is ruff's to say (TID251 in pyproject.toml).
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "streams"

EVENTS = {"streams.events", *(f"streams.events.{part}" for part in ("envelope", "calls", "conversations", "floor"))}
CONTRACT = {*EVENTS, "streams.decode"}
SETTINGS = {"streams.settings", "streams.settings.env", "streams.settings.network", "streams.settings.values"}
CORE = {
    *CONTRACT, *SETTINGS,
    "streams.facts", "streams.contact.log", "streams.slices", "streams.contact", "streams.contact.state",
    "streams.contact.moves", "streams.contacts", "streams.contact.history", "streams.presence", "streams.tally",
    "streams.presence_pages", "streams.staff", "streams.timers",
    "streams.schedule", "streams.tally.conversations", "streams.contact.dialogue", "streams.books", "streams.maxima",
    "streams.editions", "streams.cells", "streams.starts", "streams.stirred",
    "streams.ledger", "streams.partition", "streams.counts", "streams.kpis", "streams.hours.calendar",
    "streams.hours.opening",
    "streams.hours.public_holidays", "streams.kpis.kpi", "streams.kpis.conversations",
    "streams.weighted", "streams.measures", "streams.measures.formulas", "streams.measures.inputs",
    "streams.measures.days", "streams.measures.period", "streams.help_centre", "streams.comments", "streams.trust",
    "streams.kpis.terms",
    "streams.contact.handling", "streams.contact.nouns", "streams.contact.entry", "streams.contact.shown",
    "streams.tally.rules", "streams.trust.origin",
    "streams.promises", "streams.tally.people", "streams.kpis.people", "streams.crossing.fact",
    "streams.crossing.wire",
    "streams.crossing.tell", "streams.roster", "streams.crossing.customers", "streams.crossing.agents",
    "streams.crossing.pages",
    "streams.crossing.state", "streams.crossing.outbox", "streams.stored", "streams.records", "streams.placing",
    "streams.regroup",
}  # fmt: skip
MAY_OPEN = """
import os, sys, threading
import croniter  # of Faust's: asks the program `file` about the interpreter while it is imported; not ours to mend
def watch(event, arguments):
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.mkdir"):
        sys.exit(f"{event}{arguments} while importing")
sys.addaudithook(watch)
for name in sys.argv[1:]:
    __import__(name)
if threading.active_count() != 1:
    sys.exit(f"threads after importing: {threading.enumerate()}")
"""


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name; a package's ``__init__`` bears the package's."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = path
    return found


def imported_by(path: Path, known: set[str]) -> set[str]:
    """Our own modules that a file imports, wherever in it; importing a name of a package is importing the package."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in known}
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (parts & known) or {node.module}
    return found - {"streams"}


@pytest.fixture(scope="module")
def arrows() -> dict[str, set[str]]:
    found = modules()
    return {name: imported_by(path, set(found)) for name, path in found.items()}


def test_no_module_imports_itself_round_a_circle(arrows: dict[str, set[str]]) -> None:
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))


def test_the_core_imports_only_the_core(arrows: dict[str, set[str]]) -> None:
    outward = {name: arrows[name] - CORE for name in CORE if arrows[name] - CORE}

    assert outward == {}


def test_sources_know_only_the_contract(arrows: dict[str, set[str]]) -> None:
    outward = {
        name: [other for other in others - CONTRACT if not other.startswith("streams.sources")]
        for name, others in arrows.items()
        if name.startswith("streams.sources")
    }

    assert [name for name, others in outward.items() if others] == []


def test_the_simulator_and_its_oracle_know_nothing_of_the_core_they_judge(arrows: dict[str, set[str]]) -> None:
    outward = {
        name: [other for other in others - EVENTS if not other.startswith("streams.simulate")]
        for name, others in arrows.items()
        if name.startswith("streams.simulate")
    }

    assert [name for name, others in outward.items() if others] == []


def test_nothing_but_the_command_line_imports_the_command_line(arrows: dict[str, set[str]]) -> None:
    importers = [name for name, others in arrows.items() if any(other.startswith("streams.cli") for other in others)]

    assert [name for name in importers if not name.startswith("streams.cli")] == []


def test_every_module_says_what_it_is_and_is_short_enough_to_read() -> None:
    silent = [name for name, path in modules().items() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    long = [name for name, path in modules().items() if len(path.read_text("utf-8").splitlines()) > 350]

    assert (silent, long) == ([], [])


def test_importing_opens_no_file_for_writing_no_socket_no_process_and_no_thread(tmp_path: Path) -> None:
    names = [name for name in modules() if not name.endswith("__main__")]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}

    done = subprocess.run(
        [sys.executable, "-c", MAY_OPEN, *names], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
