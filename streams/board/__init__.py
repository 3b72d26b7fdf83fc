"""The built-in wall: snapshots of a worker enter, a live page and its server-sent events leave. Reads, never writes.

The page in ``assets/`` is what browsers have (ES modules, custom elements, SVG): nothing to build, nothing fetched
from elsewhere. ``Board(...).routes()`` is all the web server needs.
"""

from __future__ import annotations

from streams.board.routes import Board

__all__ = ["Board"]
