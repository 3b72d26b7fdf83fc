"""How to reach and log in to Kafka: the ``Broker`` settings enter, each client's arguments leave. Opens nothing."""

from __future__ import annotations

import ssl
from typing import Any

from streams.settings import Broker


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
    """Arguments with which both aiokafka's and kafka-python's clients connect."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": [server.strip() for server in broker.bootstrap_servers.split(",")],
        "security_protocol": broker.security_protocol,
    }
    context = tls(broker)
    if context is not None:
        arguments["ssl_context"] = context
    if broker.security_protocol.startswith("SASL"):
        arguments["sasl_mechanism"] = broker.sasl_mechanism
        arguments["sasl_plain_username"] = broker.sasl_username
        arguments["sasl_plain_password"] = broker.sasl_password.reveal() if broker.sasl_password else None
    return arguments
