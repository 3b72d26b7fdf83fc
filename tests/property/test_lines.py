"""The text of families is prometheus-client's to the byte, whether their series are new or known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.core import CollectorRegistry, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from streams.exposition.families import PREFIX, Family, Kind, Point
from streams.exposition.lines import Lines


class Written(Collector):
    def __init__(self, families: Sequence[Family]) -> None:
        self.families = families

    def collect(self) -> Iterator[Metric]:
        for family in self.families:
            metric = Metric(PREFIX + family.name, family.help, family.kind)
            metric.samples = [Sample(PREFIX + family.name + p.suffix, dict(p.labels), p.value) for p in family.points]
            yield metric


def by_the_library(families: Sequence[Family]) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Written(families))
    return generate_latest(registry)


LABELS = st.dictionaries(
    st.sampled_from(["queue", "channel", "window", "le"]),
    st.text(max_size=6) | st.sampled_from([" 0.0", "a\u2028b", "a\x0bb", "a\nb", 'a"b', "a\\b"]),
    max_size=3,
)
VALUES = st.floats() | st.integers(-(10**12), 10**12)
KINDS: st.SearchStrategy[tuple[Kind, str]] = st.sampled_from(
    [("gauge", ""), ("counter", "_total"), ("histogram", "_bucket"), ("histogram", "_sum")]
)


@st.composite
def families(draw: st.DrawFn) -> list[Family]:
    found = []
    for name in draw(st.lists(st.sampled_from(["waiting", "offered", "speed"]), unique=True)):
        kind, suffix = draw(KINDS)
        points = draw(st.lists(st.builds(Point, LABELS, VALUES, st.just(suffix)), max_size=4))
        found.append(Family(name, kind, draw(st.sampled_from(["Said.", "Two\nlines \\."])), points))
    return found


@given(st.lists(families(), max_size=4))
def test_the_same_text_as_the_librarys_whatever_was_written_before(texts: list[list[Family]]) -> None:
    lines, few = Lines(limit=1_000), Lines(limit=2)

    for each in texts:
        assert lines.text(each) == by_the_library(each)
        assert few.text(each) == by_the_library(each)


def test_the_same_values_under_other_names_are_another_series() -> None:
    lines = Lines(limit=10)

    def text(label: str) -> bytes:
        return lines.text([Family("agents", "gauge", "Agents.", [Point({label: "sales"}, 3)])])

    assert text("queue").splitlines()[2] == b'contactcenter_agents{queue="sales"} 3.0'
    assert text("team").splitlines()[2] == b'contactcenter_agents{team="sales"} 3.0'


def test_series_that_are_no_longer_there_are_not_remembered_for_ever() -> None:
    lines = Lines(limit=100)

    for n in range(1_000):
        lines.text([Family("agents", "gauge", "Agents.", [Point({"queue": f"q{n}"}, 1)])])

    assert lines.remembered <= 101
