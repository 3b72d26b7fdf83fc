"""The commands ``rejected list``, ``show`` and ``replay``: what could not be understood, and feeding it again."""

from __future__ import annotations

import asyncio
import base64
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.shared import BrokerOption, ConfigOption, JsonOption, quiet_clients, settings_for, show_json

if TYPE_CHECKING:
    from streams.rejected import Kept
    from streams.salvage import Choice

app = typer.Typer(
    name="rejected",
    help="Records that could not be understood: each is kept on <topic>-rejected with the reason.",
    no_args_is_help=True,
)

TopicOption = Annotated[
    list[str] | None, typer.Option("--topic", metavar="TOPIC", help="Of this input only, such as call-events.")
]
ReasonOption = Annotated[
    list[str] | None, typer.Option("--reason", metavar="REASON", help="Of this reason only, such as not_json.")
]


def show_list(
    topic: TopicOption = None,
    reason: ReasonOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Show at most so many, the newest.")] = 20,
    broker: BrokerOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """How many were refused, why, and the newest of them with their ids."""
    from streams.salvage import find

    choice = _choice(topic, reason, ())
    settings = settings_for(config, broker)
    quiet_clients()
    found = asyncio.run(find(settings.broker, choice, limit))
    if as_json:
        records = [_as_json(kept, whole=False) for kept in found.records]
        show_json({"total": found.total, "by_topic": found.by_topic, "records": records})
        return
    for kept in found.records:
        print(f"{_printable(kept.id)}  {_printable(kept.reason)}  {kept.size:,} bytes  {_printable(kept.detail)}")
    for name, counts in found.by_topic.items():
        print(f"{name}: {counts.total():,} refused: " + ", ".join(f"{n:,} {why}" for why, n in counts.most_common()))
    if found.total > len(found.records):
        print(f"The newest {len(found.records):,} of {found.total:,} are shown; --limit shows more.")
    elif not found.total:
        print("Nothing was refused.")


def show(
    identity: Annotated[str, typer.Argument(metavar="ID", help="Topic, partition and offset: call-events-0-17.")],
    broker: BrokerOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """One refused record with all that was kept of it. What is no printable text is shown in base64."""
    from streams.salvage import find

    choice = _choice(_topics_of([identity]), None, [identity])
    settings = settings_for(config, broker)
    quiet_clients()
    found = asyncio.run(find(settings.broker, choice, 1))
    if not found.records:
        print(f"queuepulse: {identity} is not among the rejected records.", file=sys.stderr)
        raise typer.Exit(1)
    kept = found.records[-1]
    if as_json:
        show_json(_as_json(kept, whole=True))
        return
    for name, value in _as_json(kept, whole=True).items():
        print(f"{name + ':':<14}{'-' if value is None else _printable(str(value))}")
    print(f"can be fed:   {'yes' if kept.obstacle is None else f'no: {kept.obstacle}'}")


def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="These; see `rejected list`.")] = None,
    topic: TopicOption = None,
    reason: ReasonOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them, where nothing else is chosen.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be fed.")] = False,
    idempotent: Annotated[bool, typer.Option(help="Off for brokers that can't, as the embedded one.")] = True,
    broker: BrokerOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Feed records to their topics again, as they were. After an update, or when a source's clock was wrong.

    What counted already is recognised by its event id, so feeding twice counts once, within retention.stub_hours.
    """
    from streams.salvage import feed

    if not (ids or topic or reason or everything):
        raise typer.BadParameter("choose what: ids, --topic, --reason, or --all")
    choice = _choice(topic or _topics_of(ids or []), reason, ids or ())
    settings = settings_for(config, broker)
    quiet_clients()
    done = asyncio.run(feed(settings.broker, choice, dry_run=dry_run, idempotent=idempotent))
    if as_json:
        left = [{"id": name, "why": why} for name, why in done.why]
        show_json({"dry_run": dry_run, "fed": done.fed, "left": done.left, "why": left, "missing": done.missing})
    else:
        for name, why in done.why:
            print(f"left {name}: {why}", file=sys.stderr)
        for name in done.missing:
            print(f"not found: {name}", file=sys.stderr)
        by_topic = ", ".join(f"{n:,} to {name}" for name, n in sorted(done.fed.items())) or "none"
        print(f"{'Would feed' if dry_run else 'Fed'} again: {by_topic}. Left: {done.left:,}.")
    raise typer.Exit(1 if done.left or done.missing else 0)


def _choice(topics: list[str] | None, reasons: list[str] | None, ids: list[str] | tuple[()]) -> Choice:
    """The filters, checked: a name that is none is misuse, and says which there are."""
    from streams.decode import MEANINGS
    from streams.events import TOPICS
    from streams.salvage import Choice

    for given, known in ((topics or [], TOPICS), (reasons or [], tuple(MEANINGS))):
        for name in given:
            if name not in known:
                raise typer.BadParameter(f"{name!r} is none of {', '.join(known)}")
    return Choice(topics=tuple(topics or ()), reasons=frozenset(reasons or ()), ids=frozenset(ids))


def _topics_of(ids: list[str]) -> list[str]:
    """The topics that ids are of."""
    topics = {name.rsplit("-", 2)[0] for name in ids}
    return sorted(topics)


def _as_json(kept: Kept, *, whole: bool) -> dict[str, Any]:
    """A record for people and programs; key and value only when ``whole``: they can hold a telephone number."""
    told: dict[str, Any] = {
        "id": kept.id, "topic": kept.topic, "partition": kept.partition, "offset": kept.offset,
        "published_at": kept.published_at, "reason": kept.reason, "detail": kept.detail, "size": kept.size,
        "sha256": kept.sha256,
    }  # fmt: skip
    if whole:
        for name, raw in (("key", kept.key), ("value", kept.value)):
            text = _text(raw)
            told[name] = text
            if raw is not None and text is None:
                told[f"{name}_base64"] = base64.b64encode(raw).decode()
    return told


def _printable(text: str) -> str:
    """Text without anything that a terminal would obey."""
    return text if text.isprintable() else ascii(text)


def _text(raw: bytes | None) -> str | None:
    """Bytes as text where a terminal can show it without harm."""
    try:
        text = None if raw is None else raw.decode()
    except UnicodeDecodeError:
        return None
    return text if text is not None and text.isprintable() else None
