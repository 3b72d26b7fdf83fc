"""Who may ask: hosts, the token, the cookie that stands for it, the way back after a login."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.access import ExposedError, refuse_exposure
from streams.access.hosts import is_ours, names
from streams.access.login import way_back
from streams.access.session import LASTS_SECONDS, is_token, is_valid, issue
from streams.settings import Web, from_raw
from streams.settings.values import Secret, SettingsError

TOKEN = "0123456789abcdef"
NOW = 1_772_445_630.0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "floor.example.com", "127.0.0.1.example.com"])
def test_beyond_loopback_a_worker_needs_a_token(host: str) -> None:
    with pytest.raises(ExposedError, match=r"QUEUEPULSE_WEB__TOKEN_FILE") as refused:
        refuse_exposure(Web(host=host))

    assert refused.value.exit_code == 2
    refuse_exposure(Web(host=host, token=Secret(TOKEN)))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_on_loopback_no_token_is_needed(host: str) -> None:
    refuse_exposure(Web(host=host))


@pytest.mark.parametrize("weak", ["short", "0123456789abcde", "with a blank in it", "häßlich-0123456789", ""])
def test_a_token_that_could_be_guessed_or_not_be_sent_is_refused_and_not_shown(weak: str) -> None:
    with pytest.raises(SettingsError) as refused:
        from_raw({}, {"QUEUEPULSE_WEB__TOKEN": weak})

    assert [problem.key for problem in refused.value.problems] == ["web.token"]
    assert not weak or f'"{weak}"' not in str(refused.value)


def test_secrets_do_not_belong_into_the_file() -> None:
    with pytest.raises(SettingsError) as refused:
        from_raw({"web": {"token": TOKEN, "id_key": TOKEN}}, {})

    assert [problem.key for problem in refused.value.problems] == ["web.token", "web.id_key"]
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize(
    ("header", "ours"),
    [
        ("127.0.0.1:8077", True),
        ("10.1.2.3", True),
        ("[::1]:8077", True),
        ("localhost:8077", True),
        ("LOCALHOST", True),
        ("wall.example.com", True),
        ("Wall.Example.com.:443", True),
        ("evil.example.com", False),
        ("evil.wall.example.com", False),
        ("wall.example.com.evil.com", False),
        ("127.0.0.1.nip.io:8077", False),
        ("wall.example.com:80:80", False),
        ("wall.example.com@evil.com", False),
        ("[::1", False),
        ("[wall.example.com]", False),
        ("::1", False),
        ("2130706433", False),
        ("", False),
    ],
)
def test_a_request_must_be_for_an_address_or_a_name_that_is_ours(header: str, ours: bool) -> None:
    assert is_ours(header, names(Web(allowed_hosts=("Wall.example.com",)))) is ours


def test_a_cookie_is_valid_with_its_token_until_it_expires() -> None:
    cookie = issue(TOKEN, NOW)

    assert is_valid(cookie, TOKEN, NOW)
    assert is_valid(cookie, TOKEN, NOW + LASTS_SECONDS - 1)
    assert not is_valid(cookie, TOKEN, NOW + LASTS_SECONDS)
    assert not is_valid(cookie, TOKEN + "0", NOW)


@given(st.text())
def test_nothing_else_is_a_cookie_or_the_token(text: str) -> None:
    expiry, _, signature = issue(TOKEN, NOW).partition(".")

    assert not is_valid(text, TOKEN, NOW)
    assert not is_valid(f"{text}.{signature}", TOKEN, NOW) or text == expiry
    assert not is_valid(f"{expiry}.{text}", TOKEN, NOW) or text == signature
    assert is_token(text, TOKEN) is (text == TOKEN)


def test_a_token_leaves_no_trace_in_its_cookie() -> None:
    assert TOKEN not in issue(TOKEN, NOW)


@pytest.mark.parametrize(
    ("to", "way"),
    [
        ("/?queue=billing&kiosk", "/?queue=billing&kiosk"),
        ("", "/"),
        ("https://evil.example.com/", "/"),
        ("//evil.example.com/", "/"),
        ("/\\evil.example.com/", "/"),
        ("/\r\nSet-Cookie: a=b", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_a_login_leads_back_to_this_server_only(to: str, way: str) -> None:
    assert way_back(to) == way
