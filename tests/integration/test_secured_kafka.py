"""A worker logs in to a secured Apache Kafka in every way it can, counts, and tells nobody how."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.broker import BrokerUnavailableError
from streams.events import CallOffered
from streams.publish import Publisher
from streams.settings import Settings, from_raw
from streams.topics import BrokerUnreachableError, check_topics, ensure_topics
from tests.integration.conftest import drop_topics
from tests.integration.line import Line
from tests.integration.secured_kafka import PLAIN_PASSWORD, SCRAM_PASSWORD, Secured, secured_kafka, unsigned_token

MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]
AT = 1_772_445_600_000
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    try:
        broker = secured_kafka(tmp_path_factory.mktemp("secured"))
        found = broker.__enter__()
    except BrokerUnavailableError as error:
        pytest.skip(str(error))
    yield found
    broker.__exit__(None, None, None)


def settings_of(table: dict[str, Any]) -> Settings:
    """Settings with this login; a password comes as it must, from the environment."""
    told = {key: value for key, value in table.items() if key != "sasl_password"}
    password = {"QUEUEPULSE_BROKER__SASL_PASSWORD": table["sasl_password"]} if "sasl_password" in table else {}
    app_id = f"test-{uuid.uuid4().hex[:8]}"
    broker = {"app_id": app_id, "partitions": 2, "session_timeout_seconds": 6, **told}
    return from_raw({"broker": broker}, password)


def arguments_of(pid: int) -> str:
    """What everybody on the machine may read of a process."""
    return Path(f"/proc/{pid}/cmdline").read_text()


async def counts(settings: Settings, table: dict[str, Any], folder: Path) -> None:
    """Topics are made, three calls published and counted by a worker process; all with this login."""
    ensure_topics(settings)
    environ = {f"broker__{key}": str(value) for key, value in table.items() if key != "bootstrap_servers"}
    async with Line(settings.broker, folder, clock="stream", **environ) as line:
        await line.start()
        async with Publisher(settings.broker) as publisher:
            for n in range(3):
                await publisher.event(CallOffered(event_id=f"e{n}", occurred_at=AT + n, contact_id=f"c{n}", queue="q"))
        found = await line.counted(3)
        assert found.sum("offered_total") == 3
        told = await line._get("/metrics", {}) + await line._get("/api/floor", {})
        arguments = arguments_of(line.pid)
        assert await line.leave() == 0
    for secret in (PLAIN_PASSWORD, SCRAM_PASSWORD, unsigned_token("floor").partition(".")[0]):
        assert secret not in told + arguments + line.printed.read_text()
    assert line.complaints == []


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_worker_logs_in_over_tls_and_tells_its_secret_nowhere(
    secured: Secured, mechanism: str, tmp_path: Path
) -> None:
    drop_topics(secured.plaintext)
    table = secured.login_by(mechanism)

    await counts(settings_of(table), table, tmp_path)


async def test_a_worker_shows_its_certificate_where_the_broker_asks_for_one(secured: Secured, tmp_path: Path) -> None:
    drop_topics(secured.plaintext)
    table = secured.certified()

    await counts(settings_of(table), table, tmp_path)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_wrong_login_is_refused_in_words_without_the_secret(secured: Secured, mechanism: str, tmp_path: Path) -> None:
    table = secured.login_by(mechanism)
    if mechanism == "OAUTHBEARER":
        wrong = tmp_path / "token"
        wrong.write_text("no.token.")
        table["sasl_token_file"] = str(wrong)
    else:
        table["sasl_password"] = "not-the-password"

    with pytest.raises(BrokerUnreachableError) as refused:
        check_topics(settings_of(table))

    assert "let nobody in" in str(refused.value)
    assert "not-the-password" not in str(refused.value)
    assert "no.token." not in str(refused.value)


def test_a_broker_whose_authority_is_unknown_is_not_told_the_password(secured: Secured) -> None:
    table = secured.login_by("PLAIN")
    del table["ssl_cafile"]

    with pytest.raises(BrokerUnreachableError, match="certificate verify failed"):
        check_topics(settings_of(table))
