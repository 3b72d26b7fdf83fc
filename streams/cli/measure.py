"""The commands ``measure set``, ``list`` and ``unset``: numbers from outside, such as what the floor cost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from streams.cli.shared import BrokerOption, ConfigOption, JsonOption, quiet_clients, settings_for, show_json

if TYPE_CHECKING:
    from streams.measures.record import Identity
    from streams.settings import Settings

app = typer.Typer(
    name="measure",
    help="Numbers from outside: costs, customers, quotas, paid hours. docs/measures.md lists what is made of them.",
    no_args_is_help=True,
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Such as operating_cost, customers_lost, leads.")]
PeriodOption = Annotated[
    str, typer.Option("--period", metavar="PERIOD", help="2026-03-31, 2026-W13, 2026-03, 2026-Q1, 2026 or FROM..TO.")
]
TeamOption = Annotated[
    str, typer.Option("--team", "--group", metavar="TEAM", help="The team or group it is about, not the whole floor.")
]
ClientOption = Annotated[str, typer.Option(metavar="CLIENT", help="The outsourcing client it is about.")]


def give(
    name: NameArgument,
    value: Annotated[float, typer.Argument(metavar="VALUE", help="The number; below 0 after --, as in -- -5.")],
    period: PeriodOption,
    team: TeamOption = "",
    client: ClientOption = "",
    currency: Annotated[
        str | None, typer.Option(metavar="CODE", help="The currency VALUE is in: must be the floor's own.")
    ] = None,
    source: Annotated[str, typer.Option(metavar="TEXT", help="Where it is from, for whoever asks later.")] = "",
    broker: BrokerOption = None,
    config: ConfigOption = None,
) -> None:
    """Give a number. Of two about the same, the later holds. VALUE is money, hours, people ... as the name says."""
    from streams.measures.record import Measure, advice, encode

    settings = settings_for(config, broker)
    _check_currency(name, currency, settings)
    identity = _identity(name, period, team, client)
    measure = Measure(
        name=name, value=value, period=str(identity.period), team=team or None, client=client or None, source=source
    )
    _refuse_what_a_worker_would(measure)
    _publish(settings, encode(measure))
    print(f"{_told(identity)} is {value:g}. {advice(name) or ''}".rstrip())


def show(
    period: Annotated[str | None, typer.Option(metavar="PERIOD", help="Those of this period only.")] = None,
    broker: BrokerOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every number that holds now, as the workers have it."""
    from streams.measures.inputs import INPUTS
    from streams.measures.topic import read_whole

    wanted = None if period is None else _period(period)
    settings = _checked(settings_for(config, broker))
    book = asyncio.run(read_whole(settings.broker)).book()
    rows = [
        {
            "name": name, "period": str(each), "team": labels.team, "client": labels.client,
            "value": book.find(name, each, labels), "unit": INPUTS[name].unit if name in INPUTS else "",
        }
        for labels in book.labels()
        for name in book.names(labels)
        for each in book.periods(name, labels)
        if wanted in (None, each)
    ]  # fmt: skip
    if as_json:
        show_json(rows)
        return
    for row in rows:
        about = " ".join(f"{what} {row[what]}" for what in ("team", "client") if row[what])
        print(f"{row['name']}  {row['period']}  {row['value']:g} {row['unit']}  {about}".rstrip())
    if not rows:
        print("There are none. `queuepulse measure set operating_cost 41250 --period 2026-03` gives one.")


def withdraw(
    name: NameArgument,
    period: PeriodOption,
    team: TeamOption = "",
    client: ClientOption = "",
    broker: BrokerOption = None,
    config: ConfigOption = None,
) -> None:
    """Withdraw a number: it holds no longer, and what is made of it has no value."""
    from streams.measures.record import key_of
    from streams.measures.topic import read_whole

    identity = _identity(name, period, team, client)
    settings = _checked(settings_for(config, broker))
    if not asyncio.run(read_whole(settings.broker)).book().has(identity):
        raise typer.BadParameter(f"{_told(identity)} was not given; `queuepulse measure list` shows what was")
    _publish(settings, (key_of(identity), None))
    print(f"{_told(identity)} is withdrawn.")


def _identity(name: str, period: str, team: str, client: str) -> Identity:
    from streams.events import Name
    from streams.measures.record import Identity, MeasureName

    try:
        msgspec.convert(name, MeasureName)
    except msgspec.ValidationError:
        raise typer.BadParameter(
            f"{name!r} is no name: small letters, digits and underscores, a letter first"
        ) from None
    for option, text in (("--team", team), ("--client", client)):
        try:
            msgspec.convert(text, Name) if text else None
        except msgspec.ValidationError:
            raise typer.BadParameter(f"{option}: at most 120 characters") from None
    return Identity(name, _period(period), team, client)


def _period(text: str) -> Any:
    from streams.measures.period import PeriodError, parse

    try:
        return parse(text)
    except PeriodError as error:
        raise typer.BadParameter(f"--period {error}") from None


def _check_currency(name: str, currency: str | None, settings: Settings) -> None:
    """Amounts are in one currency, the configuration's: nothing is converted."""
    from streams.measures.inputs import INPUTS

    own = settings.measures.currency
    if currency is None or currency == own:
        return
    if own is None:
        raise typer.BadParameter(f'--currency {currency}: set measures.currency = "{currency}" in the configuration')
    what = f"{name} counts {INPUTS[name].unit}" if name in INPUTS and INPUTS[name].unit != "currency" else "convert it"
    raise typer.BadParameter(f"--currency {currency}: this floor's amounts are in {own}; {what}")


def _refuse_what_a_worker_would(measure: Any) -> None:
    from streams.decode import Rejected
    from streams.measures.record import decode, encode

    try:
        found = decode(*encode(measure))
    except (msgspec.ValidationError, msgspec.EncodeError) as error:
        raise typer.BadParameter(f"{measure.value:g} can't be: {error}") from None
    if isinstance(found, Rejected):
        raise typer.BadParameter(found.detail)


def _checked(settings: Settings) -> Settings:
    """The settings, when the topics are there. Raises TopicsError or BrokerUnreachableError."""
    from streams.topics import check_topics

    quiet_clients()
    check_topics(settings)
    return settings


def _publish(settings: Settings, record: tuple[bytes, bytes | None]) -> None:
    from streams.measures.topic import publish

    asyncio.run(publish(_checked(settings).broker, [record]))


def _told(identity: Identity) -> str:
    about = "".join(
        f" of {what} {name}" for what, name in (("team", identity.team), ("client", identity.client)) if name
    )
    return f"{identity.name}{about} in {identity.period}"
