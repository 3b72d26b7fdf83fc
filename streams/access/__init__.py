"""Who may ask a worker's web server: a request enters, it passes on or is answered with a refusal.

Two questions. Was it meant for us: the ``Host`` it names is an address or a name that is ours (``hosts``), so that a
page whose own name was bent to our address reads nothing. And is it allowed: with a ``web.token`` everything but
``/live`` and ``/ready`` takes that token, as a bearer token or as the cookie that the login form gives for it
(``session``). There is no CORS: no other origin may read an answer, whatever it sends.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from streams.access import hosts, login, session
from streams.settings import Web
from streams.settings.network import exposed
from streams.settings.values import Problem

OPEN_PATHS: Final = frozenset({"/live", "/ready"})
"""For whoever starts and stops workers: no token, any ``Host``. They tell nothing of the floor."""
LOGIN_PATH: Final = "/login"


class ExposedError(RuntimeError):
    """The web server would answer the whole network, and anybody there: the message says what to set."""

    exit_code: Final = 2

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))


def refuse_exposure(settings: Web) -> None:
    """Raise ExposedError when the server would listen beyond this machine without a token."""
    if problem := exposed(settings):
        raise ExposedError(problem)


def tls(settings: Web) -> ssl.SSLContext | None:
    """TLS 1.2 or later with the configured certificate; None without one. Raises OSError when it can't be read."""
    if settings.ssl_certfile is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile)
    return context


class Access:
    """The guard of one web server, and its login form. ``clock_seconds`` is the wall clock."""

    def __init__(self, settings: Web, clock_seconds: Callable[[], float] = time.time) -> None:
        self._token = None if settings.token is None else settings.token.reveal()
        self._names = hosts.names(settings)
        self._secure = settings.ssl_certfile is not None
        self._clock_seconds = clock_seconds

    def routes(self) -> list[web.RouteDef]:
        """The login form, where there is a token to be asked for."""
        if self._token is None:
            return []
        return [web.get(LOGIN_PATH, self._form), web.post(LOGIN_PATH, self._login)]

    @property
    def middleware(self) -> Middleware:
        """Stands before every handler, and before what no handler is for."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path in OPEN_PATHS:
                return await handler(request)
            if not hosts.is_ours(request.headers.get("Host", ""), self._names):
                raise web.HTTPMisdirectedRequest(text="This name is not in web.allowed_hosts.\n")
            if self._token is None or request.path == LOGIN_PATH or self._may(request, self._token):
                return await handler(request)
            if request.path == "/" and "text/html" in request.headers.get("Accept", ""):
                raise web.HTTPSeeOther(f"{LOGIN_PATH}?to={quote(request.path_qs, safe='')}")
            raise web.HTTPUnauthorized(
                text="This needs the worker's token (web.token): Authorization: Bearer ...\n",
                headers={"WWW-Authenticate": 'Bearer realm="queuepulse"'},
            )

        return guard

    def _may(self, request: web.Request, token: str) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return session.is_token(given.strip(), token)
        return session.is_valid(request.cookies.get(session.COOKIE, ""), token, self._clock_seconds())

    async def _form(self, request: web.Request) -> web.Response:
        return login.page(request.query.get("to", ""))

    async def _login(self, request: web.Request) -> web.Response:
        """Exchange the token for a cookie; a wrong one gets the form again."""
        assert self._token is not None
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise web.HTTPForbidden(text="The form is for this page only.\n")
        given = await request.post()  # at most client_max_size: more is answered with 413
        to = request.query.get("to", "")
        if not session.is_token(str(given.get("token", "")).strip(), self._token):
            return login.page(to, wrong=True)
        answer = web.Response(status=303, headers={"Location": login.way_back(to)})
        answer.set_cookie(
            session.COOKIE, session.issue(self._token, self._clock_seconds()), max_age=session.LASTS_SECONDS,
            httponly=True, samesite="Strict", secure=self._secure, path="/",
        )  # fmt: skip
        return answer
