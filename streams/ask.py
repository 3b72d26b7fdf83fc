"""Asks a running worker why a number is what it is, and shows the answer as a person reads it.

``ask`` opens a connection to the address given and to no other; ``show`` prints. What is refused is told in the
worker's own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import orjson
from rich.console import Console
from rich.table import Table

TIMEOUT_SECONDS = 10.0


class AskError(Exception):
    """No answer; the message is one sentence with its mend."""


def ask(url: str, question: Mapping[str, str], token: str | None = None, *, path: str) -> dict[str, Any]:
    """The answer of a path at this address. Raises AskError for a refusal, or when nobody answers.

    ``token`` is that of the worker (``web.token``), None where it asks for none.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise AskError(f"{url!r} is no web address: write http://127.0.0.1:8077, or where the worker listens.")
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = Request(f"{url.rstrip('/')}{path}?{urlencode(question)}", headers=headers)
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            told: dict[str, Any] = orjson.loads(answer.read())
    except HTTPError as error:
        words = error.read(100_000).decode("utf-8", "replace").strip()
        if error.code == 401:
            raise AskError(f"{url} wants its token: set QUEUEPULSE_WEB__TOKEN_FILE to a file that has it.") from error
        raise AskError(words if error.code in (400, 404) and words else f"{url} answers {error.code}.") from error
    except (URLError, TimeoutError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise AskError(f"No worker answers at {url} ({reason}). Start one, or name its address with --url.") from error
    return told


def show(told: Mapping[str, Any], console: Console) -> None:
    """Print an answer: the number first, then what made it."""
    where = f"{told['queue']} {told['channel']}".strip()
    since = f" since {_clock(told['start'])}" if "start" in told else ""
    state = f", {told['state'].replace('_', ' ')}" if told["state"] not in (None, "none") else ""
    console.print(
        f"[bold]{told['kpi']}[/] of {where}, {told['window']}{since}: [bold]{shown(told)}[/]{state}", soft_wrap=True
    )
    console.print(f"As of {_clock(told['as_of'])}. {told['words']}", highlight=False)
    if silent := told["trust"]["silent_sources"]:
        console.print(
            f"[bold]Silent: {', '.join(silent)}. The number may be quieter than the floor.[/]", highlight=False
        )
    if told["missing_partitions"]:
        console.print(f"{len(told['missing_partitions'])} partitions are not in it: other workers count them.")
    console.print()
    if told["absent"]:
        console.print(told["absent"], highlight=False)
    if told["formula"]:
        console.print(f"  = {told['formula']}", highlight=False, soft_wrap=True)
        console.print(f"  = {told['worked']}", highlight=False, soft_wrap=True)
        console.print(f"  = {number(told['value'])}\n", highlight=False)
    _table(console, "What goes in", ("", "", ""), [
        (one["name"], number(one["value"]), one["words"]) for one in told["inputs"]
    ])  # fmt: skip
    _table(console, "The service level by every preset", ("preset", "%", "worked out"), [
        (("> " if one["chosen"] else "  ") + one["preset"], _percent(one["value"]), one["worked"])
        for one in told["presets"]
    ])  # fmt: skip
    _table(console, "Rules in force", ("", "", "from"), [
        (one["key"], "not set" if one["value"] is None else str(one["value"]), one["section"] or "built-in default")
        for one in told["settings"]
    ])  # fmt: skip
    _table(console, "Left out", ("", "", ""), [
        (one["reason"], str(one["n"]), one["why"] + (" In the whole channel." if one["scope"] == "channel" else ""))
        for one in told["left_out"]
    ])  # fmt: skip
    if told["contacts"]:
        _table(console, "Contacts behind it", ("contact", "queue", "at", "counts as"), [
            (one["contact"], f"{one['queue']} {one['channel']}", _clock(one["at"]),
             ", ".join(f"{name} {number(n)}" for name, n in one["counts"].items()))
            for one in told["contacts"]
        ])  # fmt: skip
    for words in remarks(told):
        console.print(words, highlight=False)


def remarks(told: Mapping[str, Any]) -> list[str]:
    """What is to be said of the contacts that are not listed."""
    said = []
    if told["contacts"] is None:
        said.append("This is counted from agents' states, not from contacts.")
    if told["contacts_more"]:
        said.append(f"{told['contacts_more']} more contacts are kept and not listed.")
    if told["not_kept"]:
        older = ", ".join(f"{name} {number(n)}" for name, n in told["not_kept"].items())
        said.append(f"Older than what is kept of contacts: {older}.")
    said += [f"Excluded ({reason}): {', '.join(ids)}" for reason, ids in told["excluded_contacts"].items() if ids]
    return said


def shown(told: Mapping[str, Any]) -> str:
    """The value with its unit; "absent" where there is none."""
    if told["value"] is None:
        return "absent"
    if told["unit"] == "ratio":
        return f"{_percent(told['value'])} %"
    return f"{number(told['value'])} {told['unit']}"


def number(value: float | None) -> str:
    """A number with at most four decimals; a dash for None."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}".rstrip("0").rstrip(".")


def _clock(moment: str) -> str:
    """The site's date and time of an ISO moment, to the second."""
    return moment[:19].replace("T", " ")


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f}"


def _table(console: Console, title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left", show_header=any(heads), box=None, pad_edge=False)
    for n, head in enumerate(heads):
        table.add_column(head, justify="right" if n == 1 and len(heads) == 3 else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print()
