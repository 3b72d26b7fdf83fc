"""``python -m streams.broker``: runs until it is told to leave, and does not outlive its broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.line import ROOT


@pytest.fixture
def running() -> Iterator[subprocess.Popen[str]]:
    """The embedded broker, up."""
    with subprocess.Popen(
        [sys.executable, "-m", "streams.broker", "embedded"], cwd=ROOT, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Kafka listens on 127.0.0.1:")
        yield process
        process.kill()


def test_it_ends_when_it_is_told_to(running: subprocess.Popen[str]) -> None:
    running.send_signal(signal.SIGINT)

    assert (running.wait(30), running.stderr.read() if running.stderr else "") == (0, "")


def test_it_says_so_and_ends_with_1_when_its_broker_is_gone(running: subprocess.Popen[str]) -> None:
    (broker,) = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    os.kill(int(broker), signal.SIGKILL)

    assert running.wait(30) == 1
    assert running.stderr is not None
    assert "has ended by itself: start it again" in running.stderr.read()
