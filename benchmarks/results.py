"""Where figures go: a table is printed, and written into its own section of ``benchmarks/results.md``."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.built import insist_on_built
from streams.core import CORE

FILE: Final = Path(__file__).with_name("results.md")
_HEAD: Final = """\
# Results

Written by `make bench`; each section says when, where and by which command. Figures of another machine are other
figures: run it on yours. What is measured, and how, is in [README.md](README.md).
"""


def record(
    title: str, command: str, header: Sequence[str], rows: Iterable[Sequence[str]], notes: str = "", file: Path = FILE
) -> None:
    """Print a table and put it under its title in the file, in place of the one that was there.

    Ends the process where the core was compiled from other sources than those that stand here.
    """
    insist_on_built()
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    section = f"## {title}\n\n`{command}`, {when}, {machine()}\n\n{table(header, rows)}\n\n{notes}".rstrip() + "\n"
    print(f"\n{section}", flush=True)
    text = file.read_text("utf-8") if file.exists() else _HEAD
    known = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    text = known.sub(lambda _: section + "\n", text) if known.search(text) else f"{text.rstrip()}\n\n{section}"
    file.write_text(text.rstrip() + "\n", "utf-8")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The rows as Markdown, without a line end behind the last."""
    return "\n".join([f"| {' | '.join(header)} |", f"|{'---|' * len(header)}", *(f"| {' | '.join(r)} |" for r in rows)])


def machine() -> str:
    """The processor, how many of them, the Python, and what the core runs as."""
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    model = found.group(1) if found else platform.processor() or platform.machine()
    return f"{os.cpu_count()} x {model}, {platform.system()}, Python {platform.python_version()}, core {CORE}"


def spread(values: Sequence[float], form: str = ",.0f") -> str:
    """The median, and from the least to the most."""
    ordered = sorted(values)
    return f"{median(ordered):{form}} ({ordered[0]:{form}}-{ordered[-1]:{form}})"


def median(values: Sequence[float]) -> float:
    """The middle one, or the mean of the two in the middle."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
