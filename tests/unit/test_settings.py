"""Settings: defaults, inheritance, the environment, secrets, the hash, and the documented example."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from streams.settings import Settings, from_raw, load
from streams.settings.values import Secret, SettingsError, span_minutes, window_seconds

EXAMPLE = Path(__file__).parents[2] / "queuepulse.toml"


def test_no_file_and_no_environment_give_the_defaults() -> None:
    settings = load(None, {})

    assert settings.windows == ("1m", "5m", "15m", "30m", "1h", "today")
    assert settings.clock == "wall"
    assert settings.queue("anything").service_level_threshold_seconds == 20.0
    assert settings.queue("anything").preset == "short_abandons_excluded"
    assert settings.retention.orphan_hours["voice"] == 4.0
    assert settings.web.port == 8077


def test_the_defaults_of_an_empty_file_are_those_of_the_type() -> None:
    assert from_raw({}, {}) == Settings()


def test_the_documented_example_changes_nothing() -> None:
    assert load(EXAMPLE, {}) == Settings()


def test_the_documented_example_is_right_where_it_is_commented_out(tmp_path: Path) -> None:
    uncommented = re.sub(r"(?m)^# (?=\[|[\w\" ]+ = )", "", EXAMPLE.read_text())
    copy = tmp_path / "queuepulse.toml"
    copy.write_text(uncommented)
    login = {"QUEUEPULSE_BROKER__SECURITY_PROTOCOL": "SASL_SSL", "QUEUEPULSE_BROKER__SASL_PASSWORD": "x"}

    settings = load(copy, login)

    assert settings.queue("billing").opening_hours["fri"] == ("09:00-12:00",)
    assert settings.queue("billing").holidays == (date(2026, 12, 25), date(2026, 12, 26))
    assert settings.groups == {"europe": ("billing", "sales chat"), "germany": ("billing",)}
    assert settings.agent_states == {"Lunch": "meal", "Not ready": "away"}
    assert settings.broker.sasl_mechanism == "SCRAM-SHA-512"
    assert settings.defaults.abandonment_target_ratio == 0.05


def test_a_queue_takes_from_the_defaults_what_it_does_not_say() -> None:
    raw = {
        "defaults": {"timezone": "Europe/Berlin", "short_abandon_seconds": 3},
        "queues": {"billing": {"short_abandon_seconds": 10}},
    }

    settings = from_raw(raw, {})

    assert settings.queue("billing").timezone == "Europe/Berlin"
    assert settings.queue("billing").short_abandon_seconds == 10.0
    assert settings.queue("other").short_abandon_seconds == 3.0


def test_one_channel_given_keeps_the_orphan_limits_of_the_others() -> None:
    settings = from_raw({"retention": {"orphan_hours": {"voice": 2}}}, {})

    assert settings.retention.orphan_hours["voice"] == 2.0
    assert settings.retention.orphan_hours["email"] == 720.0


def test_a_queue_that_names_its_group_is_in_it_once() -> None:
    settings = from_raw({"queues": {"a": {"group": "g"}, "b": {"group": "g"}}, "groups": {"g": ["a", "c"]}}, {})

    assert settings.groups == {"g": ("a", "c", "b")}


def test_the_environment_wins_over_the_file() -> None:
    environ = {
        "QUEUEPULSE_WEB__PORT": "9000",
        "QUEUEPULSE_WINDOWS": "1m, today",
        "QUEUEPULSE_CLOCK": "stream",
        "QUEUEPULSE_BROKER__SASL_USERNAME": "007",
        "QUEUEPULSE_BROKER__SASL_PASSWORD": "123",
        "QUEUEPULSE_BROKER__SASL_MECHANISM": "PLAIN",
        "QUEUEPULSE_BROKER__SECURITY_PROTOCOL": "SASL_SSL",
    }

    settings = from_raw({"web": {"port": 8000, "host": "::1"}}, environ)

    assert (settings.web.host, settings.web.port) == ("::1", 9000)
    assert settings.windows == ("1m", "today")
    assert settings.clock == "stream"
    assert settings.broker.sasl_username == "007"
    assert settings.broker.sasl_password == Secret("123")


def test_reading_leaves_the_document_as_it_was() -> None:
    raw = {"web": {"port": 8000}}

    from_raw(raw, {"QUEUEPULSE_WEB__PORT": "9000"})

    assert raw == {"web": {"port": 8000}}


def test_a_secret_is_read_from_the_file_that_the_environment_names(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    environ = {
        "QUEUEPULSE_BROKER__SASL_PASSWORD_FILE": str(secret),
        "QUEUEPULSE_BROKER__SASL_USERNAME": "queuepulse",
        "QUEUEPULSE_BROKER__SASL_MECHANISM": "SCRAM-SHA-256",
        "QUEUEPULSE_BROKER__SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    }

    settings = load(None, environ)

    assert settings.broker.sasl_password is not None
    assert settings.broker.sasl_password.reveal() == "hunter2"
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in f"{settings.broker.sasl_password}"


def test_variables_that_kubernetes_sets_for_a_service_of_our_name_are_left_alone() -> None:
    environ = {
        "QUEUEPULSE_SERVICE_HOST": "10.0.0.1",
        "QUEUEPULSE_PORT": "tcp://10.0.0.1:8077",
        "QUEUEPULSE_WEB_PORT": "tcp://10.0.0.1:8077",
        "QUEUEPULSE_WEB_PORT_8077_TCP_ADDR": "10.0.0.1",
        "QUEUEPULSE_WEB_SERVICE_PORT_HTTP": "8077",
    }

    assert load(None, environ) == Settings()


def test_the_hash_changes_with_a_definition_and_not_with_a_place_or_a_secret() -> None:
    plain = from_raw({}, {}).hash

    assert re.fullmatch(r"[0-9a-f]{12}", plain)
    assert from_raw({"web": {"port": 1}, "broker": {"app_id": "x"}}, {}).hash == plain
    assert from_raw({"defaults": {"service_level_threshold_seconds": 30}}, {}).hash != plain
    assert from_raw({"queues": {"a": {}}}, {}).hash != plain


def test_the_hash_does_not_depend_on_the_order_of_the_file() -> None:
    one = from_raw({"queues": {"a": {}, "b": {"channel": "chat"}}}, {})
    other = from_raw({"queues": {"b": {"channel": "chat"}, "a": {}}}, {})

    assert one.hash == other.hash


@pytest.mark.parametrize(
    ("window", "seconds"), [("30s", 30), ("1m", 60), ("15m", 900), ("1h", 3600), ("2d", 172_800), ("today", None)]
)
def test_a_window_is_a_number_and_a_unit(window: str, seconds: int | None) -> None:
    assert window_seconds(window) == seconds


@pytest.mark.parametrize("window", ["", "m", "0m", "-1m", "1.5m", "1w", "5 m", "5M", "yesterday", "٣m"])
def test_anything_else_is_no_window(window: str) -> None:
    with pytest.raises(ValueError, match="is not a window"):
        window_seconds(window)


def test_a_span_is_minutes_from_midnight() -> None:
    assert span_minutes("09:30-17:00") == (570, 1020)
    assert span_minutes("00:00-24:00") == (0, 1440)
    assert span_minutes("22:00-02:00") == (1320, 1560)


@pytest.mark.parametrize("span", ["", "9-17", "09:00", "24:00-09:00", "09:00-09:00", "09:60-10:00", "23:00-24:01"])
def test_a_malformed_span_is_refused(span: str) -> None:
    with pytest.raises(ValueError, match=r"is not|does not end"):
        span_minutes(span)


def test_an_error_lists_every_problem() -> None:
    with pytest.raises(SettingsError) as caught:
        from_raw({"clock": "wal", "web": {"port": 70_000}}, {})

    assert [problem.key for problem in caught.value.problems] == ["clock", "web.port"]
