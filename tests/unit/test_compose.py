"""docker-compose.yml without Docker: what it mounts is there, what it names exists, and nothing is left open."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from streams.cli import app
from streams.settings import Settings, from_raw
from streams.settings.network import exposed
from tests.conftest import ROOT
from tests.from_npm import installed

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WRITES_BESIDE_ITS_PROGRAM = {"kafka"}
SERVES_NOTHING = {"simulator"}
OURS = {"worker", "simulator"}

services = pytest.mark.parametrize("name", SERVICES)


def test_the_whole_tour_is_there_and_the_simulator_only_on_demand() -> None:
    assert set(SERVICES) == {"kafka", "worker", "simulator", "prometheus", "alertmanager", "grafana"}
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["simulator"]
    assert SERVICES["simulator"]["profiles"] == ["demo"]


def test_a_validator_has_nothing_to_say_against_it() -> None:
    assert said_by_validator(ROOT / "docker-compose.yml") == (0, "")


def test_the_validator_finds_a_misspelt_key(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text((ROOT / "docker-compose.yml").read_text("utf-8").replace("mem_limit: 256m", "mem_limits: 256m"))

    code, said = said_by_validator(wrong)

    assert code == 1
    assert "invalid-schema" in said


def said_by_validator(file: Path) -> tuple[int, str]:
    """The exit code and words of dclint, which holds a file to the Compose specification and to its own rules."""
    script, rules = installed("dclint/bin/dclint.cjs"), ROOT / "tests" / "npm" / "dclint.json"
    command = ["node", str(script), "--config", str(rules), "--max-warnings", "0", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


@services
def test_images_are_pinned(name: str) -> None:
    image = SERVICES[name]["image"]

    assert image == "queuepulse:local" if name in OURS else re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", image)
    assert ("build" in SERVICES[name]) == (name in OURS)


def test_the_image_of_ours_is_built_on_a_pinned_one_and_runs_without_root() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]

    assert len(bases) == 3
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", base) for base in bases)
    assert [line for line in lines if line.startswith("USER ")] == ["USER queuepulse"]


@services
def test_ports_are_on_loopback(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@services
def test_a_service_can_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]

    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only", False) == (name not in WRITES_BESIDE_ITS_PROGRAM)
    assert service["mem_limit"]
    assert service["cpus"]
    assert service.get("user") not in ("root", "0")
    assert "privileged" not in service


@services
def test_a_service_says_whether_it_is_well(name: str) -> None:
    check = SERVICES[name]["healthcheck"]

    assert check.get("disable", False) == (name in SERVES_NOTHING)
    assert name in SERVES_NOTHING or check["test"][0] == "CMD"


@services
def test_who_is_waited_for_is_there_and_can_be_well(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert how == {"condition": "service_healthy"}
        assert other not in SERVES_NOTHING
        assert other in SERVICES


@services
def test_what_is_mounted_is_in_the_repository_and_read_only(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source, target = re.fullmatch(r"(\$\{[^}]+\}|[^:]+):(.+)", volume).groups()  # type: ignore[union-attr]
        if source.startswith("./"):
            assert (ROOT / source).exists(), source
            assert target.endswith(":ro")
        elif not source.startswith("${"):
            assert source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_the_environment_is_understood_by_the_settings(name: str, tmp_path: Path) -> None:
    settings = settings_of(name, tmp_path)

    assert settings.broker.bootstrap_servers == "kafka:9092"
    assert exposed(settings.web) is None


def settings_of(name: str, folder: Path) -> Settings:
    """What a service is started with; its secrets are files of ``folder`` here."""
    (folder / "web_token").write_text("a token that nobody could guess".replace(" ", "-"))
    environ = {key: value.replace("/run/secrets", str(folder)) for key, value in SERVICES[name]["environment"].items()}
    return from_raw({}, environ)


def test_a_secret_is_a_file_that_the_services_which_need_it_are_given() -> None:
    prometheus = yaml.safe_load((ROOT / "grafana/prometheus/prometheus.yml").read_text("utf-8"))

    assert {name: service["secrets"] for name, service in SERVICES.items() if "secrets" in service} == {
        "worker": ["web_token"],
        "prometheus": ["web_token"],
    }
    assert COMPOSE["secrets"] == {"web_token": {"file": "./secrets/web_token"}}
    assert {job["authorization"]["credentials_file"] for job in prometheus["scrape_configs"]} == {
        SERVICES["worker"]["environment"]["QUEUEPULSE_WEB__TOKEN_FILE"]
    }


def test_the_simulator_is_given_options_it_knows() -> None:
    command, *options = SERVICES["simulator"]["command"]
    told = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output

    assert all(option in told for option in options if option.startswith("--"))


def test_the_programs_find_each_other_by_the_names_of_the_services(tmp_path: Path) -> None:
    prometheus = yaml.safe_load((ROOT / "grafana/prometheus/prometheus.yml").read_text("utf-8"))
    sources = yaml.safe_load((ROOT / "grafana/provisioning/datasources/prometheus.yml").read_text("utf-8"))
    port = settings_of("worker", tmp_path).web.port

    for job in prometheus["scrape_configs"]:
        (found,) = job["dns_sd_configs"]
        assert (found["names"], found["port"]) == (["worker"], port)
    assert prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] == ["alertmanager:9093"]
    assert [s["url"] for s in sources["datasources"]] == ["http://prometheus:9090", "http://alertmanager:9093"]
    assert f"127.0.0.1:{port}:{port}" in SERVICES["worker"]["ports"]


def test_no_secret_is_in_it() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")

    assert not re.search(r"(?i)(password|token|secret)\w*: +(?!/run/secrets/)\S", text)
