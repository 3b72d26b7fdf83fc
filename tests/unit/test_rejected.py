"""What a rejected record keeps comes back as it was, or says why it can't be fed again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.partition import Refused
from streams.rejected import KEPT_BYTES, Kept, read_kept, rejected_record


def kept_of(topic: str, key: bytes | None, value: bytes | None) -> Kept:
    found = read_kept(rejected_record(topic, 0, Refused(7, "not_json", "", key, value, 0))[1])
    assert found is not None
    return found


@given(st.none() | st.binary(), st.binary())
def test_what_was_kept_whole_comes_back_as_it_was(key: bytes | None, value: bytes) -> None:
    kept = kept_of("call-events", key, value)

    assert (kept.id, kept.key, kept.value, kept.obstacle) == ("call-events-0-7", key, value, None)


@pytest.mark.parametrize(
    ("topic", "key", "value", "words"),
    [
        ("call-events", b"k", b"x" * (KEPT_BYTES + 1), "only the first 65,536 of its 65,537 bytes were kept"),
        ("call-events", b"k" * KEPT_BYTES, b"x", "its key may have been cut"),
        ("call-events", b"k", None, "there is nothing to feed"),
        ("__consumer_offsets", b"k", b"x", "is no topic that Queuepulse reads"),
    ],
)
def test_what_was_not_kept_whole_says_why(topic: str, key: bytes, value: bytes | None, words: str) -> None:
    assert words in (kept_of(topic, key, value).obstacle or "")


def test_bytes_that_do_not_match_their_digest_are_not_fed() -> None:
    _, record = rejected_record("call-events", 0, Refused(7, "not_json", "", b"k", b"one", 0))
    forged = read_kept(record.replace(b"b25l", b"dHdv"))

    assert forged is not None
    assert forged.value == b"two"
    assert "do not match their digest" in (forged.obstacle or "")


@given(st.none() | st.binary())
def test_a_record_that_is_not_ours_is_none(value: bytes | None) -> None:
    assert read_kept(value) is None
