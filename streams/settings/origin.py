"""Where a queue's setting comes from: its own section, ``[defaults]``, or the program.

A configuration that was loaded knows which keys were written; in settings made by hand a value that is the default's is
the default's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from streams.settings import QueueSettings, Settings

Origin: TypeAlias = Literal["queue", "defaults", "built-in"]

_BUILT_IN: Final = QueueSettings()


def origin_of(settings: Settings, queue: str, key: str) -> Origin:
    """Whose word the value of ``key`` is for this queue; a queue that is not configured takes the defaults."""
    said: Mapping[str, frozenset[str]] | None = settings.__dict__.get("_said")
    if queue in settings.queues and (
        key in said.get(queue, ()) if said is not None else _differ(settings.queues[queue], settings.defaults, key)
    ):
        return "queue"
    in_defaults = key in said.get("", ()) if said is not None else _differ(settings.defaults, _BUILT_IN, key)
    return "defaults" if in_defaults else "built-in"


def _differ(one: QueueSettings, other: QueueSettings, key: str) -> bool:
    return bool(getattr(one, key) != getattr(other, key))
