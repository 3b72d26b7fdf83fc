"""What tests check with and npm has: installed once, as ``tests/npm/package-lock.json`` says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import ROOT

NPM: Final = ROOT / "tests" / "npm"
_FOLDER: Final = ROOT / ".cache" / "npm"
_LOCK: Final = "package-lock.json"


def installed(path: str) -> Path:
    """A file of ``node_modules``; the test is skipped where npm can't install it."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm")
    found = _FOLDER / "node_modules" / path
    if not found.exists() or (_FOLDER / _LOCK).read_bytes() != (NPM / _LOCK).read_bytes():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", _LOCK):
            shutil.copyfile(NPM / name, _FOLDER / name)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=_FOLDER, capture_output=True, text=True, timeout=90, check=False)
        if done.returncode:
            pytest.skip(f"npm could not install {path}: {done.stderr.strip()[-300:]}")
    return found
