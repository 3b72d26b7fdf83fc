"""A wrong value says which key, what was found, what is allowed, and the mend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks.bench_looks import floors
from benchmarks.load import PARTITIONS, START
from streams import snapshot
from streams.check_config import SERIES_A_PARTITION, SERIES_A_WINDOW, as_json, as_text, check
from streams.exposition.worker import worker_families
from streams.settings import Settings, from_raw, load
from streams.settings.values import Problem, SettingsError
from streams.snapshot import WorkerStatus


def problems(raw: dict[str, Any], environ: dict[str, str] | None = None) -> tuple[Problem, ...]:
    with pytest.raises(SettingsError) as caught:
        from_raw(raw, environ or {})
    return caught.value.problems


@pytest.mark.parametrize(
    ("raw", "key", "found", "mend"),
    [
        ({"clok": "wall"}, "clok", "a key nobody reads", 'Did you mean "clock"?'),
        ({"clock": "Walls"}, "clock", '"Walls"', 'Did you mean "wall"?'),
        ({"clock": 1}, "clock", "1", "Put it in quotes."),
        ({"web": {"port": "80"}}, "web.port", '"80"', "Write the number without quotes."),
        ({"web": {"port": True}}, "web.port", "true", "Change it to an allowed value"),
        ({"web": 8077}, "web", "8077", "Change it to an allowed value"),
        ({"windows": "5m"}, "windows", '"5m"', "Put it in brackets: a list."),
        ({"windows": ["5m", "7"]}, "windows[1]", '"7"', "Write a whole number and one of s, m, h, d."),
        ({"windows": ["15s"]}, "windows[0]", '"15s"', "Round it"),
        ({"windows": ["5m", "5m"]}, "windows[1]", '"5m"', "Remove the repetition."),
        ({"windows": ["80m"]}, "windows[0]", '"80m"', "Raise retention.fine_minutes"),
        ({"windows": ["9d"]}, "windows[0]", '"9d"', "Raise retention.coarse_days"),
        ({"queues": {"a": {"timezone": "Europe/Berln"}}}, "queues.a.timezone", '"Europe/Berln"', '"Europe/Berlin"?'),
        ({"queues": {"a": {"timezone": "../etc/passwd"}}}, "queues.a.timezone", '"../etc/passwd"', "city"),
        ({"queues": {"a": {"preset": "offerd"}}}, "queues.a.preset", '"offerd"', 'Did you mean "offered"?'),
        ({"queues": {"a": {"channel": "phone"}}}, "queues.a.channel", '"phone"', "Choose one of them."),
        ({"queues": {"": {}}}, "queues.", '""', ""),
        ({"queues": {"a": {"opening_hours": {"mo": []}}}}, "queues.a.opening_hours.mo", '"mo"', '"mon"?'),
        ({"queues": {"a": {"opening_hours": {"mon": ["9-17"]}}}}, "queues.a.opening_hours.mon", "['9-17']", "Mend"),
        ({"queues": {"a": {"holiday_calendar": "de-by"}}}, "queues.a.holiday_calendar", '"de-by"', '"DE-BY"?'),
        ({"queues": {"a": {"holidays": ["x"]}}}, "queues.a.holidays", "['x']", "Change it"),
        ({"agent_states": {"Lunch": "meel"}}, "agent_states.Lunch", '"meel"', 'Did you mean "meal"?'),
        ({"retention": {"orphan_hours": {"fax": 3}}}, "retention.orphan_hours.fax", '"fax"', "Choose one of them."),
        ({"groups": {"g": "a"}}, "groups.g", '"a"', "Put it in brackets: a list."),
        ({"measures": {"currency": "euro"}}, "measures.currency", '"euro"', "Change it"),
        ({"weights": {"nps": {"weight": 1.0}}}, "weights.nps.target", "nothing", "Add it."),
        ({"team_weights": {"a": {"nps": {"weight": 1, "target": 0}}}}, "team_weights.a.nps.target", "0", "Change it"),
        ({"broker": {"app_id": "a b"}}, "broker.app_id", '"a b"', ""),
    ],
)
def test_a_wrong_value_names_its_key_and_its_mend(raw: dict[str, Any], key: str, found: str, mend: str) -> None:
    (problem,) = problems(raw)

    assert problem.key == key
    assert problem.found.startswith(found)
    assert mend in problem.mend
    assert problem.allowed


def test_a_number_out_of_range_says_the_range() -> None:
    (problem,) = problems({"defaults": {"service_level_target_ratio": 80}})

    assert problem == Problem(
        "defaults.service_level_target_ratio",
        "80",
        "a number from 0 to 1",
        "Change it to an allowed value, or remove the key for the default.",
    )


def test_not_a_number_is_refused() -> None:
    (problem,) = problems({"defaults": {"service_level_threshold_seconds": float("nan")}})

    assert problem.key == "defaults.service_level_threshold_seconds"


def test_a_wrong_variable_is_named_as_the_variable() -> None:
    (problem,) = problems({}, {"QUEUEPULSE_WEB__PORT": "99999"})

    assert problem.key == "QUEUEPULSE_WEB__PORT"
    assert problem.allowed == "a whole number from 0 to 65535"


@pytest.mark.parametrize("name", ["QUEUEPULSE_WEB__PROT", "QUEUEPULSE_WEB__PORTS"])
def test_a_misspelt_variable_is_a_problem(name: str) -> None:
    (problem,) = problems({}, {name: "1"})

    assert (problem.key, problem.mend) == (name, 'Did you mean "QUEUEPULSE_WEB__PORT"?')


def test_one_underscore_where_two_belong_is_a_problem() -> None:
    (problem,) = problems({}, {"QUEUEPULSE_BROKER_BOOTSTRAP_SERVERS": "kafka:9092"})

    assert "QUEUEPULSE_BROKER__BOOTSTRAP_SERVERS" in problem.mend


def test_a_password_in_the_file_is_refused_and_not_shown() -> None:
    (problem,) = problems({"broker": {"sasl_password": "hunter2"}})

    assert problem.key == "broker.sasl_password"
    assert "QUEUEPULSE_BROKER__SASL_PASSWORD_FILE" in problem.mend
    assert "hunter2" not in str(problem)


def test_a_secret_file_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    (problem,) = problems({}, {"QUEUEPULSE_BROKER__SASL_PASSWORD_FILE": str(tmp_path / "none")})

    assert problem.key == "QUEUEPULSE_BROKER__SASL_PASSWORD_FILE"
    assert "No such file" in problem.found


def test_a_login_that_is_not_complete_says_what_is_missing() -> None:
    found = problems({"broker": {"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN"}})

    assert [problem.key for problem in found] == ["broker.sasl_username", "broker.sasl_password"]


def test_a_login_that_the_protocol_would_not_use_is_a_problem() -> None:
    (problem,) = problems({"broker": {"sasl_username": "u"}})

    assert problem.key == "broker.security_protocol"


def test_a_certificate_without_its_key_is_a_problem() -> None:
    (problem,) = problems({"broker": {"ssl_certfile": "cert.pem"}})

    assert problem.mend == "Set both or neither."


def test_a_file_that_is_missing_is_a_problem_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load(tmp_path / "none.toml", {})


@pytest.mark.parametrize("content", [b"clock = ", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_a_problem(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "queuepulse.toml"
    file.write_bytes(content)

    with pytest.raises(SettingsError, match="allowed: TOML, in UTF-8"):
        load(file, {})


def test_the_check_lists_every_problem_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "queuepulse.toml"
    file.write_text('clok = "wall"\n[web]\nport = 70000\n')

    verdict = check(file, {})

    assert not verdict.ok
    assert as_text(verdict).endswith("queuepulse.toml: 2 problems.")
    assert '"key": "web.port"' in as_json(verdict)


def test_the_check_of_a_good_file_says_its_hash(tmp_path: Path) -> None:
    file = tmp_path / "queuepulse.toml"
    file.write_text("[queues.billing]\n")

    verdict = check(file, {})

    assert verdict.ok
    assert as_text(verdict).endswith(f"fine. 1 queue configured, hash {verdict.hash}.")


def test_the_check_of_more_queues_than_metrics_may_show_says_so_and_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "queuepulse.toml"
    rest = "[queues.last]\n[worker]\nseries_budget = 20_000\n[broker]\npartitions = 8\n"
    file.write_text("".join(f"[queues.q{n}]\n" for n in range(27)) + rest)

    verdict = check(file, {})

    assert verdict.ok
    (warning,) = verdict.warnings
    assert warning.startswith("28 busy queues, 6 windows and 8 partitions are about 20,160 time series, 2 MB a scrape")
    assert warning.endswith("Raise it, show fewer windows, or spread the partitions over more workers.")
    assert as_text(verdict).splitlines()[0] == warning
    assert msgspec.json.decode(as_json(verdict))["warnings"] == [warning]

    file.write_text("".join(f"[queues.q{n}]\n" for n in range(26)) + rest)
    assert check(file, {}).warnings == ()


def test_the_series_of_a_busy_queue_are_about_as_many_as_the_check_says() -> None:
    settings = Settings(clock="stream")
    floor = next(floors(2, settings))

    taken = snapshot.take(list(floor.partitions.values()), settings, WorkerStatus(), START)
    series = sum(family.name.startswith("window_") * len(family.points) for family in worker_families(taken))
    counted = sum("partition" in point.labels for family in worker_families(taken) for point in family.points)

    assert series / len(taken.rows) / len(settings.windows) == pytest.approx(SERIES_A_WINDOW, rel=0.25)
    assert counted / len(taken.rows) / PARTITIONS == pytest.approx(SERIES_A_PARTITION, rel=0.25)


def test_a_login_by_token_needs_the_token_and_no_password() -> None:
    login = {"security_protocol": "SASL_SSL", "sasl_mechanism": "OAUTHBEARER"}

    (problem,) = problems({"broker": login})

    assert problem.key == "broker.sasl_token_file"
    found = from_raw({"broker": {**login, "sasl_token_file": "/run/secrets/token"}}, {})
    assert found.broker.sasl_password is None


def test_a_secret_that_is_a_number_is_a_problem_and_no_crash() -> None:
    in_a_file, no_text = problems({"web": {"token": 12345}})

    assert (in_a_file.key, in_a_file.mend[:33]) == ("web.token", "Remove it and set QUEUEPULSE_WEB_")
    assert (no_text.key, no_text.allowed) == ("web.token", "a string")
    assert "12345" not in f"{in_a_file}{no_text}"
