"""Environment variables over a TOML document: ``QUEUEPULSE_<SECTION>__<KEY>`` and ``QUEUEPULSE_<KEY>``.

The two underscores keep clear of what Kubernetes sets by itself for a service named queuepulse-web
(``QUEUEPULSE_WEB_PORT=tcp://...``). ``<NAME>_FILE`` reads the value from a file, for secrets mounted as files.
What enters is the raw document and the environment, what leaves is the document with the values put in.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.settings.values import Problem, bare_type, did_you_mean, show

PREFIX: Final = "QUEUEPULSE_"
# Read elsewhere: the configuration's path (command line) and the place of the shared test data (tests).
OTHERS: Final = frozenset({"QUEUEPULSE_CONFIG", "QUEUEPULSE_SHARED"})
_KUBERNETES: Final = re.compile(r"_SERVICE_(HOST|PORT)|_PORT$|_PORT_\d+_(TCP|UDP)")
_REMOVE: Final = "Remove it."


class Overlaid(typing.NamedTuple):
    """The document with the environment's values, the variable behind each overridden key, and what was wrong."""

    raw: dict[str, Any]
    names: dict[str, str]
    problems: list[Problem]


def variables(kind: type[msgspec.Struct]) -> dict[str, tuple[tuple[str, ...], Any]]:
    """Every variable that is read: name -> (path of the key, its type). Tables of queues and the like have none."""
    found: dict[str, tuple[tuple[str, ...], Any]] = {}
    for field in msgspec.structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            for inner in msgspec.structs.fields(field.type):
                if typing.get_origin(inner.type) is not dict:
                    name = f"{PREFIX}{field.name}__{inner.name}".upper()
                    found[name] = ((field.name, inner.name), inner.type)
        elif typing.get_origin(field.type) is not dict:
            found[f"{PREFIX}{field.name}".upper()] = ((field.name,), field.type)
    return found


def overlay(raw: Mapping[str, Any], environ: Mapping[str, str], kind: type[msgspec.Struct]) -> Overlaid:
    """Put the variables of ``environ`` over ``raw``, which stays as it was. A misspelt variable is a problem."""
    result = Overlaid({key: dict(v) if isinstance(v, Mapping) else v for key, v in raw.items()}, {}, [])
    known = variables(kind)
    for name in sorted(environ):
        text: str | None = environ[name]
        if not name.startswith(PREFIX) or name in OTHERS:
            continue
        target = name
        if name.endswith("_FILE") and name not in known:
            target = name.removesuffix("_FILE")
            text = _file_text(name, environ[name], result.problems) if target in known else text
        if target in known:
            if text is not None:
                path, value_kind = known[target]
                _put(result.raw, path, _parse(text, value_kind))
                result.names[".".join(path)] = name
        elif _meant_for_us(name, known):
            mend = _suggest(name, known)
            result.problems.append(Problem(name, "a variable nobody reads", "those in queuepulse.toml", mend))
    return result


def _file_text(name: str, path: str, problems: list[Problem]) -> str | None:
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        problems.append(Problem(name, f"{show(path)}: {reason}", "a readable file", "Check the path and its rights."))
        return None


def _put(raw: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    if len(path) == 1:
        raw[path[0]] = value
    elif isinstance(raw.setdefault(path[0], {}), dict):  # a section that is no table is reported by its own check
        raw[path[0]][path[1]] = value


def _parse(text: str, kind: Any) -> object:
    """The text as the key's type where it can be, else the text itself, which the check of values then reports."""
    bare = bare_type(kind)
    if typing.get_origin(bare) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    if bare not in (int, float, bool):
        return text
    try:
        return msgspec.convert(text, bare, strict=False)
    except msgspec.ValidationError:
        return text


def _meant_for_us(name: str, known: Mapping[str, object]) -> bool:
    return "__" in name or (not _KUBERNETES.search(name) and _suggest(name, known) != _REMOVE)


def _suggest(name: str, known: Mapping[str, object]) -> str:
    alike = {other.replace("__", "_"): other for other in known}
    exact = alike.get(name.replace("__", "_")) or alike.get(name.removesuffix("_FILE").replace("__", "_"))
    if exact:
        return f'Did you mean "{exact}" (two underscores after the section)?'
    return did_you_mean(name, known, _REMOVE)
