"""The names a request may be for: a ``Host`` header enters, yes or no leaves. Pure.

A page of another site can have its own name resolve to our address (DNS rebinding); its requests then bear that name.
So names must be known: ``localhost``, the one listened on, and ``web.allowed_hosts``. An address as it is can't be
rebound, and is always ours.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from streams.settings import Web


def names(settings: Web) -> frozenset[str]:
    """The names that are ours, in lower case."""
    return frozenset(name.lower().rstrip(".") for name in ("localhost", settings.host, *settings.allowed_hosts))


def is_ours(header: str, ours: Collection[str]) -> bool:
    """Whether a ``Host`` header names us: an address, a known name, either with any port; an empty one does not."""
    host = header.strip()
    if host.startswith("["):
        host, bracket, port = host[1:].partition("]")
        if not bracket or not _is_port(port):
            return False
        return _is_address(host, 6)
    host, colon, port = host.partition(":")
    if not _is_port(colon + port):
        return False
    return _is_address(host, 4) or host.lower().rstrip(".") in ours


def _is_port(text: str) -> bool:
    return not text or (text.startswith(":") and len(text) <= 6 and text[1:].isdecimal() and text.isascii())


def _is_address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False
