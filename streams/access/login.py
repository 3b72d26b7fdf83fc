"""The login form: where to go afterwards enters, a page leaves. No script; its one style is allowed by its hash."""

from __future__ import annotations

import base64
import hashlib
import html
from typing import Final
from urllib.parse import quote

from aiohttp import web

_STYLE: Final = (
    ":root{color-scheme:light dark;font:1.1rem system-ui,sans-serif}"
    "form{max-width:24rem;margin:20vh auto;display:grid;gap:1rem}"
    "input,button{font:inherit;padding:.5rem}"
)
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def page(to: str, *, wrong: bool = False) -> web.Response:
    """The form; with 401 after a wrong token."""
    action = html.escape(f"/login?to={quote(way_back(to), safe='')}")
    told = '<p role="alert">That is not the token.</p>' if wrong else ""
    text = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Queuepulse: login</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f'<form method="post" action="{action}">{told}<label for="token">The worker\'s token (web.token)</label>'
        '<input id="token" name="token" type="password" autocomplete="current-password" autofocus required>'
        "<button>Show the floor</button></form></html>"
    )
    return web.Response(
        status=401 if wrong else 200, text=text, content_type="text/html",
        headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY},
    )  # fmt: skip


def way_back(to: str) -> str:
    """The path to show after the login: ``to`` when it is a path of this server, else the wall."""
    is_path = to.startswith("/") and to.isascii() and to.isprintable() and not to.startswith("//") and "\\" not in to
    return to if is_path else "/"
