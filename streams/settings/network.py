"""What a worker reaches and who may reach it: the ``[broker]`` and ``[web]`` tables, their secrets and contradictions.

A secret is never in the file: ``secrets_in_file`` finds those that are. Nothing prints one; ``reveal()`` gives it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

from streams.settings.values import Problem, Secret, show

SecurityProtocol: TypeAlias = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism: TypeAlias = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

SECRETS: Final = (("broker", "sasl_password"), ("web", "id_key"))
"""Section and key of every secret."""


class Broker(Struct, frozen=True, kw_only=True):
    """Where Kafka is and how to log in. ``sasl_password.reveal()`` gives the password; nothing prints it."""

    bootstrap_servers: Annotated[str, Meta(min_length=1)] = "127.0.0.1:9092"
    app_id: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._-]+$")] = "queuepulse"
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism | None = None
    sasl_username: Annotated[str, Meta(min_length=1)] | None = None
    sasl_password: Secret | None = None
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    partitions: Annotated[int, Meta(ge=1, le=1_000)] = 8
    replication_factor: Annotated[int, Meta(ge=1, le=10)] = 1
    session_timeout_seconds: Annotated[float, Meta(ge=2.0, le=300.0)] = 10.0


class Web(Struct, frozen=True, kw_only=True):
    """Where /metrics and /api are served; port 0 picks a free one.

    Contact and agent ids are replaced by pseudonyms in every answer unless ``show_ids``. ``id_key`` is what pseudonyms
    are made with: the same key gives the same ones in every worker and after a restart; None is one for this process.
    """

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8077
    show_ids: bool = False
    id_key: Secret | None = None


def secrets_in_file(raw: Mapping[str, object]) -> list[Problem]:
    """A problem for each secret that stands in the document itself."""
    problems = []
    for section, key in SECRETS:
        table = raw.get(section)
        if isinstance(table, Mapping) and key in table:
            variable = f"QUEUEPULSE_{section}__{key}".upper()
            mend = f"Remove it and set {variable}, or {variable}_FILE to a file."
            problems.append(Problem(f"{section}.{key}", "a secret in a file", "the environment only", mend))
    return problems


def contradictions(broker: Broker) -> list[Problem]:
    """Values that are right alone and wrong together."""
    problems = []
    if broker.security_protocol.startswith("SASL"):
        for key in ("sasl_mechanism", "sasl_username", "sasl_password"):
            if getattr(broker, key) is None:
                mend = f"Set QUEUEPULSE_BROKER__{key.upper()}, or choose another security_protocol."
                problems.append(Problem(f"broker.{key}", "nothing", f"a value for {broker.security_protocol}", mend))
    elif broker.sasl_mechanism or broker.sasl_username or broker.sasl_password:
        mend = 'Set broker.security_protocol to "SASL_SSL", or remove the sasl_ keys.'
        found = show(broker.security_protocol) + " beside a SASL login"
        problems.append(Problem("broker.security_protocol", found, '"SASL_PLAINTEXT" or "SASL_SSL"', mend))
    if (broker.ssl_certfile is None) != (broker.ssl_keyfile is None):
        problems.append(
            Problem("broker.ssl_certfile", "one of the pair", "ssl_certfile and ssl_keyfile", "Set both or neither.")
        )
    return problems
