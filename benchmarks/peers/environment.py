"""What the peers run in: an environment of their own and their jars, made once under ``.cache/peers``.

Nothing of it is in the product's locks. What can't be had raises ``UnavailableError`` with the reason, which the table
shows in place of figures.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from streams.broker import BrokerUnavailableError, java
from streams.broker.apache import fetched

HERE: Final = Path(__file__).parent
JOBS: Final = HERE / "jobs"
KEPT: Final = HERE.parents[1] / ".cache" / "peers"
_LOCK: Final = HERE / "requirements.lock"
_HEAP: Final = "-Xmx1g"
_ADDRESS: Final = re.compile(r"\S+://\S+")


class UnavailableError(RuntimeError):
    """A peer can't run on this machine; the message says why."""


@cache
def python() -> str:
    """The interpreter of the peers' environment, exactly what their lock says; made by the first call."""
    folder = KEPT / f"python-{hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:8]}"
    found = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print("Setting up the peers' environment (once, some minutes) ...", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)])
        # The lock names all there is to install; pip would ask for what an extra wants, and find it unpinned.
        _run([str(found), "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r", str(_LOCK)])
        (folder / "complete").touch()
    return str(found)


@cache
def version(package: str) -> str:
    """Of a package in the peers' environment."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return _run([python(), "-c", code]).strip()


def python_job(name: str) -> list[str]:
    """The command of a peer in Python."""
    return [python(), str(JOBS / f"{name}.py")]


def java_job(name: str) -> list[str]:
    """The command of a peer in Java, its jars as ``jobs/java/<name>.xml`` names them; compiled when it has changed."""
    source, pom = JOBS / "java" / f"{name}.java", JOBS / "java" / f"{name}.xml"
    try:
        runtime = java()
        jars = fetched(pom, KEPT / f"{name}-{hashlib.sha256(pom.read_bytes()).hexdigest()[:8]}", name)
    except BrokerUnavailableError as error:
        raise UnavailableError(str(error)) from None
    classes = KEPT / f"{name}-classes-{hashlib.sha256(source.read_bytes()).hexdigest()[:8]}"
    if not classes.exists():
        compiler = shutil.which("javac") or shutil.which("javac", path=str(Path(runtime).resolve().parent))
        if compiler is None:
            raise UnavailableError("javac is not installed: only a Java runtime is, which can't compile the job")
        making = classes.with_suffix(".making")
        shutil.rmtree(making, ignore_errors=True)
        _run([compiler, "-nowarn", "-cp", f"{jars}/*", "-d", str(making), str(source)])
        making.rename(classes)
    return [runtime, _HEAP, "-cp", f"{classes}:{jars}/*", name]


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=1_200, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["nothing was said"]
        reason = _ADDRESS.sub("(address)", said[-1])  # the reason goes into the results
        raise UnavailableError(f"{Path(command[0]).name} failed: {reason}")
    return done.stdout
