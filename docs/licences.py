# ruff: noqa: INP001 - a script beside what it writes, part of no package
"""``python -m docs.licences``: the runtime lock and the installed packages' own metadata enter, licences.md leaves."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "licences.md"
HEAD: Final = """\
# Licences of what a worker runs on

Queuepulse itself is Apache-2.0. These are the packages of `requirements-runtime.lock`, with the licence each names in
its own metadata. Written by `python -m docs.licences`; a test fails when one is missing.

| package | licence |
|---|---|
"""


def locked() -> list[str]:
    """The names in the runtime lock, in order."""
    return re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements-runtime.lock").read_text("utf-8"), re.MULTILINE)


def licence_of(name: str) -> str:
    """What a package says of itself: an SPDX expression, else its classifiers, else its free text; "" for nothing.

    Raises PackageNotFoundError when it is not installed here (some are for other systems).
    """
    told = metadata.metadata(name)
    if "License-Expression" in told:
        return str(told["License-Expression"])
    classifiers = [c.rpartition(" :: ")[2] for c in told.get_all("Classifier") or () if c.startswith("License ::")]
    named = [classifier for classifier in classifiers if classifier != "OSI Approved"]
    return " and ".join(named) or (told.get_all("License") or [""])[0].strip().partition("\n")[0]


def listed() -> dict[str, str]:
    """The page's table."""
    rows = re.findall(r"^\| ([a-z0-9._-]+) \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return {name: licence for name, licence in rows if name != "package"}


def page() -> str:
    """The page anew; a package that is not installed here keeps its row."""
    known = listed() if PAGE.exists() else {}
    rows = []
    for name in locked():
        try:
            licence = licence_of(name)
        except metadata.PackageNotFoundError:
            licence = known.get(name, "")
        rows.append(f"| {name} | {licence} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
