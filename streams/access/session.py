"""The token, and the cookie that stands for it in a browser. Pure: the moment is an argument.

A cookie is ``<expiry>.<HMAC of the expiry under a key made from the token>``: nothing is stored, so every worker with
the same token knows it, a restart ends no wall, and a new token ends them all.
"""

from __future__ import annotations

import hmac
from typing import Final

COOKIE: Final = "queuepulse"
LASTS_SECONDS: Final = 30 * 86_400
"""A wall hangs for weeks without a keyboard."""


def is_token(given: str, token: str) -> bool:
    """Whether it is the token; takes as long for a wrong one, whatever is wrong with it."""
    return hmac.compare_digest(_seal(b"token", given), _seal(b"token", token))


def issue(token: str, now: float) -> str:
    """A cookie's value that is valid for ``LASTS_SECONDS`` from ``now`` (epoch seconds)."""
    expiry = str(int(now) + LASTS_SECONDS)
    return f"{expiry}.{_sign(token, expiry)}"


def is_valid(value: str, token: str, now: float) -> bool:
    """Whether ``issue`` made this value, with the same token, and it has not expired."""
    expiry, _, signature = value.partition(".")
    if not hmac.compare_digest(signature.encode("utf-8", "replace"), _sign(token, expiry).encode()):
        return False
    return now < int(expiry)  # signed: it is a number


def _sign(token: str, expiry: str) -> str:
    return hmac.digest(_seal(b"session", token), expiry.encode("utf-8", "replace"), "sha256").hex()


def _seal(use: bytes, text: str) -> bytes:
    """32 bytes of any text, so that two of any length can be compared in the same time."""
    return hmac.digest(use, text.encode("utf-8", "replace"), "sha256")
