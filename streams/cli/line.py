"""The commands that run the line: ``demo``, ``worker`` and ``topics``."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.shared import BrokerOption, ConfigOption, JsonOption, quiet_clients, settings_for, show_json


def demo(
    duration: Annotated[float, typer.Option(min=0.0, help="Seconds until it ends by itself; 0 is until Ctrl-C.")] = 0.0,
    seed: Annotated[int, typer.Option(help="The same seed simulates the same floor.")] = 1,
    broker: BrokerOption = None,
    config: ConfigOption = None,
) -> None:
    """A contact centre, live in this terminal. Needs nothing else: it brings a broker for trying out."""
    from streams import demo as demonstration

    settings = settings_for(config, broker)
    raise typer.Exit(demonstration.run(settings, duration_seconds=duration, seed=seed, embedded=broker is None))


def worker(
    config: ConfigOption = None,
    broker: BrokerOption = None,
    embedded_broker: Annotated[
        bool, typer.Option("--embedded-broker", help="Bring a broker that forgets everything: only for trying out.")
    ] = False,
) -> None:
    """Count the events; serve /metrics and /api. Until SIGTERM or Ctrl-C; start as many as you like."""
    if embedded_broker and broker is not None:
        raise typer.BadParameter("choose one: --broker names a broker, --embedded-broker brings one")
    from streams.worker import run

    raise typer.Exit(run(settings_for(config, broker), embedded=embedded_broker))


def topics(
    check: Annotated[bool, typer.Option("--check", help="Create nothing, only say what is wrong.")] = False,
    partitions: Annotated[
        int | None, typer.Option(min=1, help="Partitions of new topics; default: the configuration's.")
    ] = None,
    replication: Annotated[
        int | None, typer.Option(min=1, help="Replicas of new topics; default: the configuration's.")
    ] = None,
    broker: BrokerOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create the topics that are missing and check them all."""
    from streams.topics import WHOLE_TOPICS, check_topics, ensure_topics, topic_names

    settings = settings_for(config, broker)
    quiet_clients()
    created = [] if check else ensure_topics(settings, partitions, replication)
    count = check_topics(settings)
    names = topic_names(settings.broker.app_id)
    if as_json:
        show_json({"topics": names, "partitions": count, "whole_topics": WHOLE_TOPICS, "created": created})
        return
    for name in names:
        print(f"{name}: {count} partitions{', created' if name in created else ''}")
    for name in WHOLE_TOPICS:
        print(f"{name}: read whole{', created' if name in created else ''}")
