"""The glossary is complete, up to date, and says what the endpoints do."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from msgspec import structs
from prometheus_client.parser import text_string_to_metric_families

from streams import events as e
from streams import kpis, snapshot
from streams.books import CORRECTED
from streams.counts import Counts
from streams.crossing.fact import DESTINATIONS
from streams.crossing.state import FactsPartition
from streams.explain.catalogue import LIVE
from streams.exposition import Exposition
from streams.exposition.counters import TOTALS
from streams.exposition.floor import floor_families
from streams.exposition.worker import worker_families
from streams.glossary import Section, sections
from streams.glossary.example import EXAMPLE
from streams.glossary.text import markdown, page
from streams.measures.book import Book
from streams.measures.given import Given
from streams.partition import Partition, Record
from streams.settings import QueueSettings, Settings, Weight
from streams.simulate import demo, simulate
from streams.snapshot import Part, WorkerStatus
from streams.tally import conversations
from streams.view import Window
from tests.conftest import ROOT
from tests.support import START

GLOSSARY = ROOT / "docs" / "glossary.md"


@pytest.fixture(scope="module")
def found() -> dict[str, Section]:
    return {section.title: section for section in sections()}


def names(section: Section) -> list[str]:
    return [row[0] for row in section.rows]


def column(section: Section, name: str) -> list[str]:
    return [row[section.columns.index(name)] for row in section.rows]


@pytest.fixture(scope="module")
def exported() -> dict[str, set[str]]:
    """The names that both endpoints have after a simulated hour in which everything that can be counted was.

    Every queue has every target, and one partition has counted something of every kind and had it corrected.
    """
    rules = QueueSettings(
        asa_target_seconds=20.0, abandonment_target_ratio=0.05, oldest_wait_target_seconds=60.0,
        first_reply_target_seconds=60.0, next_reply_target_seconds=60.0, resolution_target_seconds=600.0,
    )  # fmt: skip
    weights = {name: Weight(weight=1.0, target=20.0) for name in ("asa_seconds", "peer_score_ratio")}
    settings = Settings(defaults=rules, weights=weights)
    partitions = {topic: Partition(settings, topic, 0) for topic in e.TOPICS}
    people = {name: FactsPartition(settings, name, 0, name) for name in DESTINATIONS}
    for item in simulate(demo(START, 3_600, hour=10.0), 4):
        partition = partitions[item.topic]
        partition.apply([Record(partition.next_offset, item.key, item.value, 0)])
        for destination, key, value in partition.take_outgoing():
            people[destination].apply([Record(people[destination].next_offset, key, value, 0)])
    status = WorkerStatus(expected=frozenset({("call-events", 0)}), lag={("call-events", 0): 3})
    taken = snapshot.take([*partitions.values(), *people.values()], settings, status, START + 3_600_000)
    told = {name: Window(window.span, EXAMPLE) for name, window in taken.floor.windows.items()}
    floor = structs.replace(taken.floor, windows=told)
    taken = structs.replace(
        taken, floor=floor, parts=[everything()], teams={"sales": told}, given=Given(book=Book(), complete=True)
    )
    return {
        "/metrics": families(Exposition(100_000, with_process=True).text(worker_families(taken))),
        "/metrics/floor": families(Exposition(100_000, with_process=False).text(floor_families(taken))),
    }


def everything() -> Part:
    """A partition that has counted, and corrected, everything there is to count."""
    fields = dict.fromkeys(TOTALS, 2) | {field + CORRECTED: 1 for field in TOTALS}
    events = ("events", "rejected", "duplicate", "out_of_order", "late", "late_after_close", "orphaned_contacts",
              "facts", "repeated_facts")  # fmt: skip
    sources = ("events", "duplicates", "out_of_order", "late", "negative_durations", "rejected")
    counters = dict.fromkeys(events, 1) | {f"source|{what}|pbx": 1 for what in sources}
    totals = {("billing", "voice"): fields, ("#vip", "chat"): {conversations.FIELD["tagged"]: 1}}
    return Part(topic="call-events", number=0, watermark=START, totals=totals, counters=counters, contacts={"open": 1})


def families(text: bytes) -> set[str]:
    """The names of a text in Prometheus' format, counters with ``_total``."""
    return {
        family.name + ("_total" if family.type == "counter" else "")
        for family in text_string_to_metric_families(text.decode())
    }


def test_the_file_is_up_to_date() -> None:
    assert GLOSSARY.read_text("utf-8") == markdown(sections()), "run `make docs`"


def test_every_kpi_preset_and_live_number_is_in_it(found: dict[str, Section]) -> None:
    assert names(found["KPIs"]) == [kpi.name for kpi in kpis.REGISTRY]
    assert names(found["Service level"]) == list(kpis.PRESETS)
    assert names(found["Now"]) == list(LIVE)


@pytest.mark.parametrize("endpoint", ["/metrics", "/metrics/floor"])
def test_every_exported_name_is_in_it(found: dict[str, Section], exported: dict[str, set[str]], endpoint: str) -> None:
    process = {name for name in exported[endpoint] if not name.startswith("contactcenter_")}

    assert exported[endpoint] - process - set(names(found[endpoint])) == set()
    assert len(exported[endpoint] - process) > 60
    if endpoint == "/metrics" and sys.platform == "linux":
        assert process == set(names(found["The process"]))
    elif endpoint == "/metrics/floor":
        assert process == set()


ELSEWHERE = {
    "/metrics": ("voicemails", "oldest_voicemail_timestamp_seconds", "source_least_delay_seconds"),
    "/metrics/floor": (
        "measure_.*", "forecast_.*", "breach_chance_ratio", "breach_forecast", "service_level_in_10m_ratio",
        "weighted_left_out",
    ),
}  # fmt: skip
"""What that hour has none of, and what has tests of its own: voicemails, publish times, forecasts, numbers given."""


@pytest.mark.parametrize("endpoint", ["/metrics", "/metrics/floor"])
def test_every_name_in_it_is_exported(found: dict[str, Section], exported: dict[str, set[str]], endpoint: str) -> None:
    more = f"contactcenter_({'|'.join(ELSEWHERE[endpoint])})"
    silent = [name for name in set(names(found[endpoint])) - exported[endpoint] if not re.fullmatch(more, name)]

    assert len(set(names(found[endpoint]))) == len(names(found[endpoint]))
    assert sorted(silent) == []


def test_the_empty_case_of_every_kpi_is_absent(found: dict[str, Section]) -> None:
    assert [kpi.name for kpi in kpis.REGISTRY if kpi.function(Counts()) is not None] == []
    assert [preset for preset, level in kpis.service_levels(Counts()).items() if level is not None] == []
    assert [when for when in column(found["KPIs"], "absent when") if when == "never"] == []


def test_every_kpi_has_an_example(found: dict[str, Section]) -> None:
    without = [row[0] for title in ("Service level", "KPIs") for row in found[title].rows if row[-1].endswith("absent")]

    assert without == [], "give streams/glossary/example.py what they divide by"


def test_every_example_is_in_the_range_that_is_told(found: dict[str, Section]) -> None:
    for title in ("Service level", "KPIs"):
        section = found[title]
        for name, told, example in zip(
            names(section), column(section, "range"), column(section, "example"), strict=True
        ):
            value = float(example.rpartition(" = ")[2])
            low, _, high = told.partition(" to ")
            if high:
                assert float(low) <= value <= float(high), name
            elif told == "0 or more":
                assert value >= 0, name
            else:
                assert (name, told) == ("net_resolved", "any whole number")


def test_the_thousand_calls_come_out(found: dict[str, Section]) -> None:
    section = found["Service level"]

    assert dict(zip(names(section), column(section, "example"), strict=True)) == {
        "answered_only": "860 / 1000 = 0.86",
        "all_abandons_against": "860 / (1000 + 60) = 0.8113",
        "abandons_in_t_credit": "(860 + 20) / (1000 + 60) = 0.8302",
        "abandons_in_t_excluded": "860 / (1000 + 60 - 20) = 0.8269",
        "short_abandons_credit": "(860 + 10) / (1000 + 60) = 0.8208",
        "short_abandons_excluded": "860 / (1000 + 60 - 10) = 0.819",
        "with_flowouts": "860 / (1000 + 60 + 40 - 10) = 0.789",
        "removed_from_queue": "(860 + 20 + 6) / (1000 + 60 + 40) = 0.8055",
        "offered": "860 / (1000 + 60 + 40) = 0.7818",
        "live_adjusted": "860 / (1000 + 60 - 10 + 30) = 0.7963",
    }


def test_no_cell_of_it_is_empty(found: dict[str, Section]) -> None:
    assert [(title, row[0]) for title, section in found.items() for row in section.rows if not all(row)] == []


def test_the_page_has_every_name_and_no_script_and_no_style_of_its_own() -> None:
    text = page(sections(), "1.0")

    assert [row[0] for section in sections() for row in section.rows if f"<code>{row[0]}</code>" not in text] == []
    assert re.findall(r"<script|style=|<style", text) == []


def test_text_that_looks_like_markup_is_text() -> None:
    section = Section("a", "1 < 2", ("name", "is"), (("x|y", "<b> & |"),))

    assert "| `x\\|y` | &lt;b> & \\| |" in markdown([section])
    assert '<code>x|y</code></th><td class="is">&lt;b&gt; &amp; |</td>' in page([section], "1")


def test_it_links_to_files_that_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", GLOSSARY.read_text("utf-8"))

    assert [link for link in links if not (Path(GLOSSARY.parent) / link).exists()] == []
