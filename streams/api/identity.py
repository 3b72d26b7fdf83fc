"""Contact and agent ids in answers: an id enters, what may be shown of it leaves.

A contact id can be a telephone number, an agent id a name. So an answer bears a pseudonym instead, unless the
configuration asks for ids (``web.show_ids``): the same id is always the same pseudonym under one key, and without the
key (``web.id_key``, else one made for this process) nobody can find the id by trying all telephone numbers.
"""

from __future__ import annotations

import hmac
import secrets
from functools import cache
from typing import Final

from streams.settings import Web

DIGITS: Final = 12
"""Hex digits of a pseudonym: 48 bits, so that among 200,000 open contacts two alike are as likely as 1 in 14,000."""


def shown_id(raw: str, web: Web) -> str:
    """The id itself where ``web.show_ids``, else its pseudonym: twelve hex digits of its HMAC-SHA-256 under the key.

    Any text will do, lone surrogates too; two ids that differ in anything are two pseudonyms.
    """
    if web.show_ids:
        return raw
    key = _key_of_this_process() if web.id_key is None else web.id_key.reveal().encode("utf-8", "surrogatepass")
    return hmac.digest(key, raw.encode("utf-8", "surrogatepass"), "sha256").hex()[:DIGITS]


@cache
def _key_of_this_process() -> bytes:
    return secrets.token_bytes(32)
