"""What the commands share: options, and how settings are found."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer

if TYPE_CHECKING:
    from streams.settings import Settings

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", envvar="QUEUEPULSE_CONFIG", show_envvar=True,
        help="Configuration (TOML); without it ./queuepulse.toml when there is one.",
    ),
]  # fmt: skip
BrokerOption = Annotated[
    str | None,
    typer.Option("--broker", metavar="HOST:PORT", help="Kafka's bootstrap servers, over the configuration's."),
]
IntoOption = Annotated[str, typer.Option("--into", metavar="APP_ID", help="broker.app_id of the new generation.")]
PartitionerOption = Annotated[
    Literal["murmur2", "crc32"],
    typer.Option(help="How sources place their keys, where what is stored does not tell: crc32 is librdkafka's."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output, for another program.")]


def settings_for(config: Path | None, broker: str | None = None) -> Settings:
    """The settings of a command: the file, under the environment, under the command's own options."""
    from streams.check_config import load_checked

    environ = dict(os.environ)
    if broker is not None:
        environ["QUEUEPULSE_BROKER__BOOTSTRAP_SERVERS"] = broker
    return load_checked(config_file(config), environ)


UrlOption = Annotated[str | None, typer.Option("--url", help="A worker's address; default: the configuration's.")]


def asked_of_worker(config: Path | None, url: str | None, path: str, question: dict[str, str | None]) -> dict[str, Any]:
    """What a running worker answers: at ``url`` or where the configuration says, with the configuration's token.

    What was not said (None) is not asked. Raises ``streams.ask.AskError``.
    """
    from streams.ask import ask

    web = settings_for(config).web
    scheme = "http" if web.ssl_certfile is None else "https"
    token = None if web.token is None else web.token.reveal()
    said = {name: value for name, value in question.items() if value is not None}
    return ask(url or f"{scheme}://{web.host}:{web.port}", said, token, path=path)


def config_file(given: Path | None) -> Path | None:
    """The file that was named, else ``queuepulse.toml`` here, else none."""
    here = Path("queuepulse.toml")
    return given if given is not None else here if here.is_file() else None


def show_json(value: object) -> None:
    """Print a value as indented JSON."""
    print(msgspec.json.format(msgspec.json.encode(value)).decode())


def quiet_clients() -> None:
    """Keep Kafka's clients from logging what they also raise: a command says it once, as a sentence."""
    for client in ("aiokafka", "kafka"):
        logging.getLogger(client).setLevel(logging.CRITICAL)
