"""How to reach and log in to Kafka: the ``Broker`` settings enter, each client's arguments leave. Opens no connection.

Two clients are used, aiokafka's and, for topics, kafka-python's; they differ in how they ask for a token.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

from aiokafka.abc import AbstractTokenProvider
from kafka.net.sasl.oauth import AbstractTokenProvider as BlockingTokenProvider

from streams.settings import Broker


class TokenFile(AbstractTokenProvider):
    """The token of OAUTHBEARER, from a file that is read anew for each login: whoever renews it writes it there."""

    def __init__(self, path: str) -> None:
        self._path = path

    async def token(self) -> str:
        """The token, without the line's end. Raises OSError when the file can't be read."""
        return await asyncio.to_thread(_first_line, self._path)


class _BlockingTokenFile(BlockingTokenProvider):
    """The same for a client that waits for it."""

    def __init__(self, path: str) -> None:
        self._path = path

    def token(self) -> str:
        """The token, without the line's end. Raises OSError when the file can't be read."""
        return _first_line(self._path)


def tls(broker: Broker) -> ssl.SSLContext | None:
    """The TLS context of the settings (the system's authorities unless ``ssl_cafile`` says others); None without TLS.

    Raises OSError when a certificate file can't be read.
    """
    if not broker.security_protocol.endswith("SSL"):
        return None
    context = ssl.create_default_context(cafile=broker.ssl_cafile)
    if broker.ssl_certfile:
        context.load_cert_chain(broker.ssl_certfile, broker.ssl_keyfile)
    return context


def client_arguments(broker: Broker) -> dict[str, Any]:
    """Arguments with which aiokafka's clients connect."""
    return _arguments(broker, TokenFile)


def admin_arguments(broker: Broker) -> dict[str, Any]:
    """Arguments with which kafka-python's clients connect."""
    return _arguments(broker, _BlockingTokenFile)


def _arguments(broker: Broker, token_file: type[TokenFile | _BlockingTokenFile]) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "bootstrap_servers": [server.strip() for server in broker.bootstrap_servers.split(",")],
        "security_protocol": broker.security_protocol,
    }
    context = tls(broker)
    if context is not None:
        arguments["ssl_context"] = context
    if broker.security_protocol.startswith("SASL"):
        arguments["sasl_mechanism"] = broker.sasl_mechanism
        if broker.sasl_mechanism == "OAUTHBEARER":
            arguments["sasl_oauth_token_provider"] = token_file(broker.sasl_token_file or "")
        else:
            arguments["sasl_plain_username"] = broker.sasl_username
            arguments["sasl_plain_password"] = broker.sasl_password.reveal() if broker.sasl_password else None
    return arguments


def _first_line(path: str) -> str:
    return Path(path).read_text("utf-8").strip()
