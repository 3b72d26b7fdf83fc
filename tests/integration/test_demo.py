"""The demo as a newcomer starts it: numbers soon, a summary at the end, nothing left running."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """``queuepulse demo`` where no configuration lies, on a free port, printing into a pipe."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("QUEUEPULSE_")}
    environ |= {"QUEUEPULSE_WEB__PORT": "0", "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "streams.cli", "demo", *arguments]
    return subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )  # fmt: skip


def of_this_demo(folder: Path) -> list[str]:
    """The processes that were started with this folder as their temporary one."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                environ = (process / "environ").read_bytes()
                command = (process / "cmdline").read_bytes()
            except OSError:  # it has ended, or is somebody else's
                continue
            if f"TMPDIR={folder}".encode() in environ:
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def test_the_demo_ends_by_itself_with_a_summary(tmp_path: Path) -> None:
    demo = start(tmp_path, "--duration", "14")

    printed, _ = demo.communicate(timeout=60)

    assert demo.returncode == 0, printed
    assert "Traceback" not in printed
    assert re.search(r"service level 30m \d+\.\d % \((fine|at risk|breach)\)", printed), printed
    assert re.search(r"today: [\d,]+ offered, [\d,]+ answered, .* every visit accounted for: yes\.", printed)
    assert sorted(tmp_path.iterdir()) == []


def test_a_number_given_while_the_demo_runs_is_in_its_answers(tmp_path: Path) -> None:
    demo = start(tmp_path, "--duration", "60")
    assert demo.stdout is not None
    opening = "".join(next(demo.stdout) for _ in range(2))
    broker, web = (re.search(pattern, opening) for pattern in (r"at (127\.0\.0\.1:\d+)", r"(http://[^ ]+)/api/floor"))
    assert broker is not None, opening
    assert web is not None, opening
    command = [sys.executable, "-m", "streams.cli", "measure", "set", "operating_cost", "900", "--period", "2026-03"]

    subprocess.run([*command, "--broker", broker[1]], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
                   check=True, timeout=60)  # fmt: skip

    try:
        numbers = given(web[1])
        while not numbers and demo.poll() is None:
            time.sleep(0.2)
            numbers = given(web[1])
        assert [(each["name"], each["value"]) for each in numbers] == [("operating_cost", 900.0)]
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=30)


def given(web: str) -> list[dict[str, Any]]:
    """The numbers from outside that a worker has; none while it does not answer."""
    try:
        with urllib.request.urlopen(f"{web}/api/measures?period=2026-03", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)["numbers"]
    except OSError:
        return []
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to look for what is left running")
def test_ctrl_c_ends_the_demo_at_once_and_leaves_nothing_running(tmp_path: Path) -> None:
    demo = start(tmp_path)
    assert demo.stdout is not None
    for line in demo.stdout:
        if "agents" in line and "data none" not in line:
            break

    asked_at = time.monotonic()
    demo.send_signal(signal.SIGINT)
    printed, _ = demo.communicate(timeout=30)

    assert time.monotonic() - asked_at < 3.0  # two on a machine that does nothing else
    assert demo.returncode == 0, printed
    assert "Traceback" not in printed
    assert of_this_demo(tmp_path) == []
