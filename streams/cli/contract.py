"""The commands that look things up: ``schema`` and ``check-config``. They need no broker."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.shared import JsonOption, config_file


def schema(
    document: Annotated[str | None, typer.Argument(help="Prints one: events, asyncapi, ... None: lists them.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write all of them into the folder.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail when those in the folder are not current.")] = False,
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="For --write and --check.")] = Path("schemas"),
) -> None:
    """The published contract: JSON Schema, AsyncAPI. Prints, writes or checks its documents."""
    from streams import schema as contract

    if write:
        for name in contract.write(folder):
            print(f"written: {folder / name}")
    elif check:
        stale = contract.stale(folder)
        for name in stale:
            print(f"{folder / name} is not current: run `queuepulse schema --write`.", file=sys.stderr)
        raise typer.Exit(1 if stale else 0)
    else:
        documents = contract.documents()
        names = {name.removesuffix(".json").removesuffix(".schema"): name for name in documents}
        if document is None:
            print("\n".join(names))
        elif document in names:
            print(contract.text(documents[names[document]]), end="")
        else:
            raise typer.BadParameter(f"no document {document!r}; there are {', '.join(names)}")


def check_config(
    file: Annotated[
        Path | None, typer.Argument(help="Configuration; without it ./queuepulse.toml.", envvar="QUEUEPULSE_CONFIG")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """What is wrong with a configuration, where, and the mend. Every problem, not only the first."""
    from streams import check_config as checking

    verdict = checking.check(config_file(file), os.environ)
    print(checking.as_json(verdict) if as_json else checking.as_text(verdict))
    raise typer.Exit(0 if verdict.ok else 1)
