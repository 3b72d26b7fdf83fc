"""The command line: help, exit codes, errors as sentences."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import aiokafka.errors
import pytest

from streams.cli import explain, main
from streams.topics import BrokerUnreachableError

COMMANDS = [
    "demo", "worker", "simulate", "replay", "report", "topics", "measure", "rejected", "schedule", "schema",
    "check-config", "explain", "whatif",
]  # fmt: skip


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where no queuepulse.toml lies and no variable of ours is set."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("QUEUEPULSE_")]:
        monkeypatch.delenv(name)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0

    shown = capsys.readouterr().out
    assert [command for command in COMMANDS if f"  {command} " not in shown] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0

    assert f"  queuepulse {command}" in capsys.readouterr().out


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0

    assert capsys.readouterr().out.startswith("queuepulse ")


def test_a_misspelt_command_is_misuse_and_suggests_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check-conf") == 2

    assert "Did you mean 'check-config'?" in capsys.readouterr().err


def test_an_empty_configuration_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check-config") == 0

    assert "no file (defaults and environment): fine." in capsys.readouterr().out


def test_a_wrong_configuration_is_explained_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "queuepulse.toml").write_text('clock = "wal"')

    assert run("check-config") == 1

    assert '  mend:    Did you mean "wall"?' in capsys.readouterr().out


def test_a_wrong_configuration_as_json_has_every_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "floor.toml"
    file.write_text('clock = "wal"\nfoo = 1')

    assert run("check-config", str(file), "--json") == 1

    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    assert [problem["key"] for problem in answer["problems"]] == ["clock", "foo"]


def test_a_command_with_a_wrong_configuration_says_it_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("topics", "--config", "missing.toml") == 1

    shown = capsys.readouterr()
    assert (
        shown.err
        == "queuepulse: missing.toml: found no such file or directory; allowed: a readable file. Check the path.\n"
    )
    assert shown.out == ""


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "inf", "fast"])
def test_a_speed_that_is_none_is_misuse(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("replay", "day.jsonl", f"--speed={speed}") == 2

    assert "a number above 0, such as 1 or 60, or max" in capsys.readouterr().err


def test_a_simulation_to_nowhere_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("simulate") == 2

    assert "choose one: --out FILE writes lines, --publish sends to Kafka" in capsys.readouterr().err


def test_a_simulation_of_a_seed_is_the_same_file_every_time(tmp_path: Path) -> None:
    assert run("simulate", "--out", "one.jsonl", "--duration", "300", "--oracle", "totals.json") == 0
    assert run("simulate", "--out", "other.jsonl", "--duration", "300") == 0

    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "other.jsonl").read_bytes()
    assert json.loads((tmp_path / "totals.json").read_text())["floor"]["offered"] > 0


def test_a_start_that_is_no_time_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("simulate", "--out", "day.jsonl", "--start", "tomorrow") == 2

    assert "a time such as 2026-01-05T10:00:00Z" in capsys.readouterr().err


def test_a_report_of_a_missing_file_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", "missing.jsonl") == 1

    assert capsys.readouterr().err == (
        "queuepulse: missing.jsonl: no such file or directory. Check the path and its rights.\n"
    )


def test_a_worker_with_two_brokers_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("worker", "--embedded-broker", "--broker", "127.0.0.1:9092") == 2

    assert "choose one" in capsys.readouterr().err


def test_a_worker_open_to_everybody_is_refused_before_it_looks_for_a_broker(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QUEUEPULSE_WEB__HOST", "0.0.0.0")

    assert run("worker", "--broker", "127.0.0.1:1") == 2

    assert capsys.readouterr().err == (
        'queuepulse: web.host: found "0.0.0.0" without a token; allowed: loopback, or a token. '
        "Set QUEUEPULSE_WEB__TOKEN_FILE to a file with a long random token, or listen on 127.0.0.1.\n"
    )
    assert run("check-config") == 1
    assert "QUEUEPULSE_WEB__TOKEN_FILE" in capsys.readouterr().out


def test_a_schema_is_printed_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema", "call-events") == 0

    assert json.loads(capsys.readouterr().out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_schema_that_there_is_not_is_misuse_and_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema", "calls") == 2

    assert "call-events" in capsys.readouterr().err


def test_schemas_that_are_missing_are_not_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema", "--check", "--folder", "nowhere") == 1

    assert "run `queuepulse schema --write`" in capsys.readouterr().err


def test_our_own_errors_carry_their_sentence() -> None:
    assert explain(BrokerUnreachableError("no Kafka broker answered at kafka:9092")) == (
        "no Kafka broker answered at kafka:9092"
    )


def test_an_error_of_kafkas_client_gets_a_mend() -> None:
    sentence = explain(aiokafka.errors.KafkaConnectionError("nobody at kafka:9092"))

    assert sentence is not None
    assert "nobody at kafka:9092. Is the broker there?" in sentence


def test_a_missing_file_is_a_sentence_and_a_bug_is_not() -> None:
    assert explain(FileNotFoundError(2, "No such file or directory", "day.jsonl")) == (
        "day.jsonl: no such file or directory. Check the path and its rights."
    )
    assert explain(KeyError("a bug")) is None


def test_ctrl_c_ends_with_130_and_without_a_traceback() -> None:
    waiting = "import sys, signal, streams.cli.contract as c, streams.cli as cli\n"
    waiting += "c.config_file = lambda given: (print('waiting', flush=True), signal.pause())\n"
    waiting += "cli.main(['check-config'])"
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", waiting], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()

        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (130, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk without room")
def test_a_full_disk_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("simulate", "--out", "/dev/full", "--duration", "300") == 1

    assert capsys.readouterr().err == (
        "queuepulse: /dev/full: no space left on device. It is not written, or not whole: make room there, or choose "
        "another place.\n"
    )


def test_a_folder_that_may_not_be_written_to_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    occupied = tmp_path / "a file, not a folder"
    occupied.write_text("")

    assert run("simulate", "--out", str(occupied / "day.jsonl"), "--duration", "60") == 1

    assert f"{occupied / 'day.jsonl'}: not a directory. Check the path and its rights." in capsys.readouterr().err
