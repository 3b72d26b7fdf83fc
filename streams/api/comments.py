"""``/api/comments``: query parameters enter, what customers wrote leaves, the latest first.

Ids leave as pseudonyms, like everywhere (``streams.api.identity``); the words leave as they were written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import nlargest
from typing import Any, Final, NamedTuple

from streams.api import iso
from streams.api.identity import shown_id
from streams.api.intervals import QueryError
from streams.partition import Partition
from streams.settings import Settings

PARAMETERS: Final = ("queue", "channel", "limit")
MOST: Final = 1_000


class Question(NamedTuple):
    """Of which queue and channel (None: all), and how many at most."""

    queue: str | None = None
    channel: str | None = None
    limit: int = 100


def parse(parameters: Mapping[str, str]) -> Question:
    """Read the parameters. Raises QueryError."""
    unknown = sorted(set(parameters) - set(PARAMETERS))
    if unknown:
        raise QueryError(f"There is no parameter {unknown[0][:40]!r}; there are {', '.join(PARAMETERS)}.")
    text = parameters.get("limit", "100")
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST):
        raise QueryError(f"limit={text[:40]!r} is no whole number from 1 to {MOST}.")
    return Question(parameters.get("queue"), parameters.get("channel"), int(text))


def answer(partitions: Iterable[Partition], settings: Settings, question: Question) -> list[dict[str, Any]]:
    """The latest comments, the latest first."""
    found = (
        comment
        for partition in partitions
        for comment in partition.comments
        if question.queue in (None, comment.queue) and question.channel in (None, comment.channel)
    )
    return [
        {
            "at": iso(comment.at),
            "at_ms": comment.at,
            "queue": comment.queue,
            "channel": comment.channel,
            "contact": shown_id(comment.contact_id, settings.web),
            "text": comment.text,
        }
        for comment in nlargest(question.limit, found, key=lambda comment: (comment.at, comment.contact_id))
    ]
