"""What a worker reaches and who may reach it: the ``[broker]`` and ``[web]`` tables, their secrets and contradictions.

A secret is never in the file: ``secrets_in_file`` finds those that are. Nothing prints one; ``reveal()`` gives it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

from streams.settings.values import Problem, Secret, show

SecurityProtocol: TypeAlias = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Transactions: TypeAlias = Literal["auto", "on", "off"]
SaslMechanism: TypeAlias = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]

SECRETS: Final = (("broker", "sasl_password"), ("web", "token"), ("web", "id_key"))
"""Section and key of every secret."""
SECRET_LENGTH: Final = 16
"""The fewest characters of a secret of ours: guessing one of so many at random takes for ever."""


class Broker(Struct, frozen=True, kw_only=True):
    """Where Kafka is and how to log in. ``sasl_password.reveal()`` gives the password; nothing prints it.

    OAUTHBEARER takes the token in ``sasl_token_file``, which is read anew for each login, instead of name and password.
    A worker ends when no bootstrap server has answered for ``patience_seconds``.
    """

    bootstrap_servers: Annotated[str, Meta(min_length=1)] = "127.0.0.1:9092"
    app_id: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._-]+$")] = "queuepulse"
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism | None = None
    sasl_username: Annotated[str, Meta(min_length=1)] | None = None
    sasl_password: Secret | None = None
    sasl_token_file: Annotated[str, Meta(min_length=1)] | None = None
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    partitions: Annotated[int, Meta(ge=1, le=1_000)] = 8
    replication_factor: Annotated[int, Meta(ge=1, le=10)] = 1
    session_timeout_seconds: Annotated[float, Meta(ge=2.0, le=300.0)] = 10.0
    patience_seconds: Annotated[float, Meta(ge=1.0, le=86_400.0)] = 120.0
    transactions: Transactions = "auto"


class Web(Struct, frozen=True, kw_only=True):
    """Where /metrics and /api are served, and who may ask; port 0 picks a free one.

    With a ``token`` everything but /live and /ready takes it; a worker that listens beyond loopback must have one.
    ``allowed_hosts`` are names under which the server is asked, beside its addresses. With ``ssl_certfile`` and
    ``ssl_keyfile`` it speaks TLS.

    Contact and agent ids are replaced by pseudonyms in every answer unless ``show_ids``. ``id_key`` is what pseudonyms
    are made with: the same key gives the same ones in every worker and after a restart; None is one for this process.
    """

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8077
    token: Secret | None = None
    allowed_hosts: tuple[Annotated[str, Meta(min_length=1, max_length=253)], ...] = ()
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
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


def exposed(web: Web) -> Problem | None:
    """What is wrong when a worker would answer the network, and anybody there; None when it would not."""
    if web.token is not None or _is_loopback(web.host):
        return None
    mend = "Set QUEUEPULSE_WEB__TOKEN_FILE to a file with a long random token, or listen on 127.0.0.1."
    return Problem("web.host", f"{show(web.host)} without a token", "loopback, or a token", mend)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def contradictions(broker: Broker, web: Web) -> list[Problem]:
    """Values that are right alone and wrong together, and secrets that can't be used."""
    return [
        *_login(broker),
        *_pair("broker", broker.ssl_certfile, broker.ssl_keyfile),
        *_pair("web", web.ssl_certfile, web.ssl_keyfile),
        *_weak("web.token", web.token),
        *_weak("web.id_key", web.id_key),
    ]


def _login(broker: Broker) -> list[Problem]:
    """A login needs a mechanism, and what that mechanism asks for; without SASL there is none."""
    problems = []
    by_token = broker.sasl_mechanism == "OAUTHBEARER"
    needed = ("sasl_token_file",) if by_token else ("sasl_username", "sasl_password")
    if broker.security_protocol.startswith("SASL"):
        for key in ("sasl_mechanism", *needed):
            if getattr(broker, key) is None:
                mend = f"Set QUEUEPULSE_BROKER__{key.upper()}, or choose another security_protocol."
                wanted = "OAUTHBEARER" if key == "sasl_token_file" else broker.security_protocol
                problems.append(Problem(f"broker.{key}", "nothing", f"a value for {wanted}", mend))
    elif broker.sasl_mechanism or broker.sasl_username or broker.sasl_password or broker.sasl_token_file:
        mend = 'Set broker.security_protocol to "SASL_SSL", or remove the sasl_ keys.'
        found = show(broker.security_protocol) + " beside a SASL login"
        problems.append(Problem("broker.security_protocol", found, '"SASL_PLAINTEXT" or "SASL_SSL"', mend))
    return problems


def _pair(section: str, certfile: str | None, keyfile: str | None) -> list[Problem]:
    if (certfile is None) == (keyfile is None):
        return []
    mend = "Set both or neither."
    return [Problem(f"{section}.ssl_certfile", "one of the pair", "ssl_certfile and ssl_keyfile", mend)]


def _weak(key: str, secret: Secret | None) -> list[Problem]:
    """A secret that could be guessed, or that no HTTP header can carry."""
    if secret is None:
        return []
    text = secret.reveal()
    if len(text) >= SECRET_LENGTH and text.isascii() and text.isprintable() and " " not in text:
        return []
    allowed = f"at least {SECRET_LENGTH} characters of ASCII, no blanks"
    return [Problem(key, "a weak secret", allowed, "Make one: openssl rand -hex 32")]
