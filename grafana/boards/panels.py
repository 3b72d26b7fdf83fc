"""The words dashboards are made of: colours, queries, panels and their places. PromQL enters, Grafana's builders leave.

Every panel has a title, a description, a unit, thresholds and what it says when there is no data. Ids and reference
letters are given here, in order, so that the same code gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias, TypeVar

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

FINE: Final = "#0072B2"
AT_RISK: Final = "#E69F00"
BREACH: Final = "#D55E00"
GREY: Final = "#8E8E8E"
"""Blue, amber, vermilion: told apart by the colour-blind too; and never without a word beside them."""

SOURCE: Final = common.DataSourceRef(type_val="prometheus", uid="prometheus")
STATES: Final = {0: ("✓ fine", FINE), 1: ("! at risk", AT_RISK), 2: ("✗ breach", BREACH)}
"""What the recorded ``...:state`` means, in a word, with a glyph and a colour."""

Panel: TypeAlias = stat.Panel | statetimeline.Panel | table.Panel | timeseries.Panel
P = TypeVar("P", stat.Panel, statetimeline.Panel, table.Panel, timeseries.Panel)
Steps: TypeAlias = Sequence[tuple[float | None, str]]
"""Thresholds: (from this value on, colour); the first has no value."""

PLAIN: Final[Steps] = ((None, FINE),)


class Query(NamedTuple):
    """One PromQL expression and how its series are called."""

    expr: str
    legend: str = ""


class Line(NamedTuple):
    """Panels side by side, ``height`` grid units high, sharing the width by ``shares`` of 24 (equally when empty)."""

    height: int
    panels: Sequence[Panel]
    shares: Sequence[int] = ()
    row: str = ""
    repeat: str = ""


def stat_panel(
    title: str, description: str, *queries: Query, unit: str, no_data: str, steps: Steps = PLAIN,
    decimals: int | None = None, signed: bool = False,
) -> stat.Panel:  # fmt: skip
    """Big numbers of now, one for each series, coloured throughout."""
    panel = (
        stat.Panel()
        .color_mode(common.BigValueColorMode.BACKGROUND_SOLID)
        .graph_mode(common.BigValueGraphMode.NONE)
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    _ask(panel, queries, now=True)
    return _said(panel, title, description, unit, no_data, steps, decimals=decimals, signed=signed)


def time_panel(
    title: str, description: str, *queries: Query, unit: str, no_data: str, steps: Steps = PLAIN, stacked: bool = False,
    maximum: float | None = None, signed: bool = False,
) -> timeseries.Panel:  # fmt: skip
    """Lines over time. A series called "target" is dashed, in the colour of a breach; "last week" dotted and grey."""
    panel = (
        timeseries.Panel()
        .line_width(2)
        .fill_opacity(35 if stacked else 5)
        .show_points(common.VisibilityMode.NEVER)
        .legend(common_builders.VizLegendOptions().show_legend(True).placement(common.LegendPlacement.BOTTOM))
        .override_by_regexp(
            "/target/",
            [
                models.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [10, 10]}),
                models.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": BREACH}),
                models.DynamicConfigValue("custom.fillOpacity", 0),
            ],
        )
        .override_by_regexp(
            "/^last week/",
            [
                models.DynamicConfigValue("custom.lineStyle", {"fill": "dot", "dash": [2, 6]}),
                models.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": GREY}),
                models.DynamicConfigValue("custom.fillOpacity", 0),
            ],
        )
    )
    if stacked:
        panel.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    if len(steps) > 1:
        panel.thresholds_style(common_builders.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.AREA))
    if maximum is not None:
        panel.max(maximum)
    _ask(panel, queries)
    return _said(panel, title, description, unit, no_data, steps, color="palette-classic", signed=signed)


def state_panel(
    title: str, description: str, *queries: Query, no_data: str, states: Mapping[int, tuple[str, str]] = STATES
) -> statetimeline.Panel:
    """States over time, in words and colours."""
    panel = statetimeline.Panel().show_value(common.VisibilityMode.AUTO).merge_values(True).row_height(0.8)
    panel.mappings([_words(states)])
    _ask(panel, queries)
    return _said(panel, title, description, "short", no_data, _state_steps())


def table_panel(
    title: str,
    description: str,
    columns: Mapping[str, tuple[Query, str]],
    *,
    no_data: str,
    hidden: Iterable[str] = ("Time",),
    renamed: Mapping[str, str] | None = None,
) -> table.Panel:
    """One row for each set of labels; ``columns``: heading to query and unit, unit "state" for a coloured word."""
    panel = table.Panel().filterable(False)
    names = dict(zip((f"Value #{letter(n)}" for n in range(len(columns))), columns, strict=True))
    if len(columns) == 1:
        names = {"Value": next(iter(columns))}
    panel.with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(
        models.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": dict.fromkeys(hidden, True),
                "indexByName": {},
                "renameByName": {**names, **(renamed or {})},
            },
        )
    )
    for heading, (_, unit) in columns.items():
        panel.override_by_name(heading, _state_cell() if unit == "state" else [models.DynamicConfigValue("unit", unit)])
    _ask(panel, [query for query, _ in columns.values()], now=True, table=True)
    return _said(panel, title, description, "short", no_data)


def judged(value: str, state: str, contacts: str = "") -> str:
    """The value with a label ``state`` in words: how it stands to its target now, or why that can't be said.

    ``value`` and ``state`` match on queue and channel; ``contacts`` is what is there also when the value is not.
    Grey in words first: while the feed, or what feeds the queue, is stale nothing is fine and nothing is a breach.
    """
    old = "on (queue, channel) max by (queue, channel) (contactcenter_queue_stale) == 1"
    live = f"and on () contactcenter_feed_stale:bool == 0 unless {old}"
    branches = [
        labelled(f"({value} and on (queue, channel) {state} == {n}) {live}", word) for n, (word, _) in STATES.items()
    ]
    branches.append(labelled(f"({value} unless on (queue, channel) {state}) {live}", "no target"))
    branches.append(labelled(f"{value} and on () contactcenter_feed_stale:bool == 1", "stale"))
    branches.append(labelled(f"{value} and {old}", "stale"))
    if contacts:
        branches.append(labelled(f"{contacts} * NaN unless on (queue, channel) {value}", "no contacts"))
    return "\nor ".join(branches)


def labelled(expr: str, word: str) -> str:
    """The expression with a label ``state`` that says a word."""
    return f'label_replace({expr}, "state", "{word}", "", "")'


def tile(
    title: str, description: str, *exprs: str, unit: str, no_data: str = "no contacts", decimals: int | None = None,
    words: Iterable[tuple[str, str]] = STATES.values(),
) -> stat.Panel:  # fmt: skip
    """Numbers to be read from three metres, each coloured by the word in its label ``state``; grey without one."""
    queries = [Query(expr, "{{channel}} {{state}}") for expr in exprs]
    panel = stat_panel(
        title, description, *queries, unit=unit, no_data=no_data, decimals=decimals, steps=((None, GREY),)
    )
    panel.text(common_builders.VizTextDisplayOptions().value_size(96).title_size(43))
    panel.mappings([_nothing(no_data)])
    for word, color in words:
        panel.override_by_regexp(
            f"/{word}/", [models.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": color})]
        )
    return panel


def _nothing(words: str) -> models.SpecialValueMap:
    """Words instead of "NaN"."""
    result = models.ValueMappingResult(text=words, color=GREY)
    return models.SpecialValueMap(models.DashboardSpecialValueMapOptions(models.SpecialValueMatch.NULL_AND_NAN, result))


def letter(n: int) -> str:
    """The reference of the n-th query of a panel: A, B, ..."""
    return chr(ord("A") + n)


def place(board: dashboards.Dashboard, lines: Iterable[Line]) -> dashboards.Dashboard:
    """Put the panels where they belong, from the top, and number them."""
    y = number = 0
    for line in lines:
        if line.row:
            number += 1
            row = dashboards.Row(line.row).collapsed(False).id(number).grid_pos(models.GridPos(h=1, w=24, x=0, y=y))
            board.with_row(row.repeat(line.repeat) if line.repeat else row)
            y += 1
        shares = line.shares or [24 // len(line.panels)] * len(line.panels)
        x = 0
        for panel, width in zip(line.panels, shares, strict=True):
            number += 1
            board.with_panel(panel.id(number).grid_pos(models.GridPos(h=line.height, w=width, x=x, y=y)))
            x += width
        y += line.height
    return board


def dashboard(name: str, title: str, description: str, *, refresh: str, since: str) -> dashboards.Dashboard:
    """An empty dashboard ``queuepulse-<name>``, linked to the others, read-only: it is written by code."""
    link = dashboards.DashboardLink("Queuepulse").type(models.DashboardLinkType.DASHBOARDS).tags(["queuepulse"])
    return (
        dashboards.Dashboard(title)
        .uid(f"queuepulse-{name}")
        .description(description)
        .tags(["queuepulse"])
        .readonly()
        .refresh(refresh)
        .time(since, "now")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .link(link.as_dropdown(True).keep_time(True))
    )


def variable(name: str, label: str, *, shown: bool = True) -> dashboards.QueryVariable:
    """A choice among the values of a label of the queues; everything unless something is chosen."""
    return (
        dashboards.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(f"label_values(contactcenter_queue_open, {name})")
        .definition(f"label_values(contactcenter_queue_open, {name})")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(selected=True, text="All", value="$__all"))
        .hide(models.VariableHide.DONT_HIDE if shown else models.VariableHide.HIDE_VARIABLE)
    )


def firing_annotations() -> dashboards.AnnotationQuery:
    """Marks on every graph where an alert fired."""
    expr = 'ALERTS{alertstate="firing", queue=~"$queue|"}'
    return (
        dashboards.AnnotationQuery()
        .name("Alerts")
        .datasource(SOURCE)
        .enable(True)
        .icon_color(BREACH)
        .expr(expr)
        .title_format("{{alertname}} {{queue}}")
        .step("15s")
    )


# --- what every panel has --------------------------------------------------------------------------------------------


def _said(
    panel: P, title: str, description: str, unit: str, no_data: str, steps: Steps = PLAIN, *,
    decimals: int | None = None, color: str = "thresholds", signed: bool = False,
) -> P:  # fmt: skip
    panel.title(title).description(description).unit(unit).no_value(no_data).datasource(SOURCE)
    panel.color_scheme(dashboards.FieldColor().mode(models.FieldColorModeId(color)))
    panel.thresholds(
        dashboards.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value, color) for value, color in steps])
    )
    if decimals is not None:
        panel.decimals(decimals)
    if not signed:
        panel.min(0)
    return panel


def _ask(panel: Panel, queries: Iterable[Query], *, now: bool = False, table: bool = False) -> None:
    """Give a panel its queries. Over a range, a series that has ended would still show its last value: ``now`` asks
    for this moment only."""
    for n, query in enumerate(queries):
        asked = prometheus.Dataquery().expr(query.expr).ref_id(letter(n)).datasource(SOURCE)
        asked = asked.instant() if now else asked.range()
        asked = asked.format(PromQueryFormat.TABLE) if table else asked.legend_format(query.legend or "__auto")
        panel.with_target(asked)


def _words(states: Mapping[int, tuple[str, str]]) -> models.ValueMap:
    found = {str(n): models.ValueMappingResult(text=word, color=color) for n, (word, color) in states.items()}
    return models.ValueMap(found)


def _state_steps() -> Steps:
    return tuple((float(n) if n else None, color) for n, (_, color) in STATES.items())


def _state_cell() -> list[models.DynamicConfigValue]:
    words = {str(n): {"text": word, "color": color, "index": n} for n, (word, color) in STATES.items()}
    return [
        models.DynamicConfigValue("mappings", [{"type": "value", "options": words}]),
        models.DynamicConfigValue("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
        models.DynamicConfigValue("noValue", "no target"),
    ]
