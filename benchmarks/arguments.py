"""The command line of a script here: numbers, each optional, or nothing; ``--help`` says what it is for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any


def positional(doc: str | None, given: Sequence[str] | None = None, **kinds: type[int | float]) -> list[Any]:
    """The numbers given, in the order of ``kinds``; those left out are not in the list.

    With ``--help`` the process ends with ``doc`` printed; with anything else that is no such number, with exit code 2.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, kind in kinds.items():
        parser.add_argument(name, type=kind, nargs="?", metavar=name.upper())
    return [value for value in vars(parser.parse_args(given)).values() if value is not None]
