# ruff: noqa: INP001 - a script beside what it writes, part of no package
"""Write docs/glossary.md. Run it in the project's root: ``make docs``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from streams.glossary import sections
from streams.glossary.text import markdown

GLOSSARY: Final = Path(__file__).parent / "glossary.md"


def main() -> None:
    """Write what is generated."""
    GLOSSARY.write_text(markdown(sections()), "utf-8")
    print(f"written: {GLOSSARY}")


if __name__ == "__main__":
    main()
