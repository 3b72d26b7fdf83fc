"""Apache Kafka with listeners that ask who one is: TLS, and SASL by password, SCRAM or token, or a certificate.

Each password is told by nobody but the broker and whoever logs in, so that a test can look for it in everything else.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from streams.broker import apache_kafka, free_ports
from tests.certificates import Authority

USER = "floor"
PLAIN_PASSWORD = "a-plain-password-of-a-test"
SCRAM_PASSWORD = "a-scram-password-of-a-test"

_LISTENERS = r"""
listeners=PLAINTEXT://127.0.0.1:{{port}},CONTROLLER://127.0.0.1:{{controller}},\
  LOGIN://127.0.0.1:{login},CERTIFICATE://127.0.0.1:{certificate}
advertised.listeners=PLAINTEXT://127.0.0.1:{{port}},LOGIN://127.0.0.1:{login},CERTIFICATE://127.0.0.1:{certificate}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,LOGIN:SASL_SSL,CERTIFICATE:SSL
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={truststore}
listener.name.certificate.ssl.client.auth=required
listener.name.login.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
  user_{user}="{password}";
listener.name.login.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.login.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.login.oauthbearer.sasl.jaas.config=\
  org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required \
  unsecuredLoginStringClaim_sub="broker";
"""


class Secured(NamedTuple):
    """Where its listeners are, and what it takes to be let in."""

    plaintext: str
    login: str
    certificate: str
    authority: Authority
    folder: Path

    def login_by(self, mechanism: str) -> dict[str, Any]:
        """The ``[broker]`` table that logs in by a SASL mechanism."""
        table = {
            "bootstrap_servers": self.login,
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": mechanism,
            "ssl_cafile": str(self.authority.certificate),
        }
        if mechanism == "OAUTHBEARER":
            file = self.folder / "token"
            file.write_text(unsigned_token(USER) + "\n", "ascii")
            return {**table, "sasl_token_file": str(file)}
        password = PLAIN_PASSWORD if mechanism == "PLAIN" else SCRAM_PASSWORD
        return {**table, "sasl_username": USER, "sasl_password": password}

    def certified(self) -> dict[str, Any]:
        """The ``[broker]`` table that shows a certificate."""
        certificate, key = self.authority.issue("worker")
        return {
            "bootstrap_servers": self.certificate,
            "security_protocol": "SSL",
            "ssl_cafile": str(self.authority.certificate),
            "ssl_certfile": str(certificate),
            "ssl_keyfile": str(key),
        }


def unsigned_token(subject: str) -> str:
    """A JWT as a broker without a key server takes it: nobody signed it, and it is good for an hour."""
    now = int(time.time())
    parts = [{"alg": "none"}, {"sub": subject, "iat": now - 5, "exp": now + 3_600}]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


@contextmanager
def secured_kafka(folder: Path) -> Iterator[Secured]:
    """Run it while the block lasts. Raises BrokerUnavailableError where there is no Kafka."""
    authority = Authority(folder)
    certificate, key = authority.issue("broker")
    keystore = folder / "keystore.pem"
    keystore.write_text(key.read_text() + certificate.read_text())
    login, certified = free_ports(2)
    listeners = _LISTENERS.format(
        login=login, certificate=certified, keystore=keystore, truststore=authority.certificate,
        user=USER, password=PLAIN_PASSWORD,
    )  # fmt: skip
    users = [f"{scram}=[name={USER},password={SCRAM_PASSWORD}]" for scram in ("SCRAM-SHA-256", "SCRAM-SHA-512")]
    with apache_kafka(more=listeners, users=users) as plaintext:
        yield Secured(plaintext, f"127.0.0.1:{login}", f"127.0.0.1:{certified}", authority, folder)
