"""What the glossary is made of: tables with a heading. Cells are plain text."""

from __future__ import annotations

from typing import NamedTuple


class Section(NamedTuple):
    """A table. ``code`` are the columns that are code; the first column is always a name."""

    title: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    code: frozenset[str] = frozenset({"name"})
