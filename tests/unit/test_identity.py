"""Ids in answers: pseudonyms under a key, or the ids themselves where somebody asked for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from streams.api.identity import shown_id
from streams.settings import Web
from streams.settings.values import Secret

ROOT = Path(__file__).parents[2]
KEYED = Web(id_key=Secret("a key of the floor"))


def test_an_id_is_shown_as_it_is_only_where_the_configuration_asks_for_it() -> None:
    assert shown_id("+49301234567", Web(show_ids=True)) == "+49301234567"
    assert "301234567" not in shown_id("+49301234567", Web())


def test_a_key_gives_the_same_pseudonym_everywhere_and_another_key_another() -> None:
    assert shown_id("call-6", KEYED) == "cfc1e75ced57"  # openssl dgst -sha256 -hmac
    assert shown_id("call-6", Web(id_key=Secret("another"))) != shown_id("call-6", KEYED)


def test_without_a_key_a_pseudonym_stays_in_one_process_and_means_nothing_in_another() -> None:
    program = "from streams.api.identity import shown_id; from streams.settings import Web; print(shown_id('a', Web()))"
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}

    other = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True, timeout=60
    )

    assert shown_id("a", Web()) == shown_id("a", Web())
    assert other.stdout.strip() != shown_id("a", Web())


@given(st.text(), st.text())
def test_two_ids_never_share_a_pseudonym(one: str, other: str) -> None:
    assert (shown_id(one, KEYED) == shown_id(other, KEYED)) == (one == other)


def test_an_id_that_is_no_text_for_utf_8_has_a_pseudonym_as_well() -> None:
    assert len(shown_id("\ud800", KEYED)) == 12
