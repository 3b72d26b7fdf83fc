"""The command as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from streams.settings import Settings
from tests.conftest import ROOT


def queuepulse(settings: Settings, folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command in ``folder``, with the broker of ``settings``."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("QUEUEPULSE_")}
    environ |= {"PYTHONPATH": str(ROOT), "QUEUEPULSE_BROKER__APP_ID": settings.broker.app_id}
    environ["QUEUEPULSE_BROKER__BOOTSTRAP_SERVERS"] = settings.broker.bootstrap_servers
    command = [sys.executable, "-m", "streams.cli", *arguments]
    done = subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr
