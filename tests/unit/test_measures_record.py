"""Records of the topic ``measures``: what is taken, what withdraws, what is refused and why."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.decode import REASONS, Rejected
from streams.measures.inputs import GIVEN, INPUTS
from streams.measures.period import PeriodError, parse
from streams.measures.record import Identity, Measure, Withdrawn, advice, decode, encode, key_of

KEY = b'["operating_cost","2026-03","",""]'
GOOD = b'{"name":"operating_cost","period":"2026-03","value":41250.5}'


def test_a_measure_is_a_name_a_period_and_a_value() -> None:
    measure = decode(KEY, GOOD)

    assert measure == Measure(name="operating_cost", period="2026-03", value=41_250.5)
    assert measure.identity == Identity("operating_cost", parse("2026-03"))


def test_team_and_client_are_part_of_what_a_measure_is_about() -> None:
    value = b'{"name":"paid_hours","period":"2026-W10","value":320,"team":"sales","client":"acme","source":"payroll"}'

    measure = decode(b'["paid_hours","2026-W10","sales","acme"]', value)

    assert isinstance(measure, Measure)
    assert measure.identity == Identity("paid_hours", parse("2026-W10"), "sales", "acme")


def test_fields_nobody_knows_are_ignored() -> None:
    assert decode(KEY, GOOD[:-1] + b',"approved_by":{"name":"ann"}}') == decode(KEY, GOOD)


def test_a_range_that_is_a_month_is_about_the_month() -> None:
    measure = decode(KEY, GOOD.replace(b"2026-03", b"2026-03-01..2026-03-31"))

    assert isinstance(measure, Measure)
    assert measure.identity == Identity("operating_cost", parse("2026-03"))


def test_a_record_without_value_withdraws() -> None:
    assert decode(KEY, None) == Withdrawn(Identity("operating_cost", parse("2026-03")))


@pytest.mark.parametrize(
    "key", [None, b"", b"operating_cost", b'["operating_cost","march","",""]', b'["operating_cost", "2026-03", "", ""]']
)
def test_a_withdrawal_must_name_what_it_withdraws(key: bytes | None) -> None:
    withdrawn = decode(key, None)

    assert isinstance(withdrawn, Rejected)
    assert withdrawn.reason == "key_mismatch"


@pytest.mark.parametrize("key", [None, b"", b"operating_cost", KEY.replace(b"03", b"04"), KEY.replace(b",", b", ")])
def test_a_key_that_is_not_the_value_s_is_refused_for_compaction_goes_by_keys(key: bytes | None) -> None:
    refused = decode(key, GOOD)

    assert isinstance(refused, Rejected)
    assert refused.reason == "key_mismatch"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xff", "not_utf8"),
        (GOOD[:-1] + b',"x":"\xff"}', "not_utf8"),
        (GOOD + b" " * 70_000, "too_large"),
        (b"[" * 60_000, "too_deep"),
        (GOOD[:-1] + b',"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "too_deep"),
        (GOOD[:-1], "not_json"),
        (GOOD + b"x", "not_json"),
        (GOOD.replace(b"41250.5", b"NaN"), "not_json"),
        (GOOD.replace(b"41250.5", b"Infinity"), "not_json"),
        (b'{"name":5,,', "not_json"),
        (b"[]", "not_an_object"),
        (b"null", "not_an_object"),
        (b"{}", "missing_field"),
        (b'{"name":"operating_cost","period":"2026-03"}', "missing_field"),
        (GOOD.replace(b"41250.5", b'"41250.5"'), "wrong_type"),
        (GOOD.replace(b"41250.5", b"null"), "wrong_type"),
        (GOOD.replace(b"41250.5", b"true"), "wrong_type"),
        (GOOD.replace(b"41250.5", b"1e400"), "out_of_range"),
        (GOOD.replace(b"41250.5", b"1e16"), "out_of_range"),
        (GOOD.replace(b"41250.5", b"-1"), "out_of_range"),
        (GOOD.replace(b"operating_cost", b"Operating Cost"), "out_of_range"),
        (GOOD.replace(b"operating_cost", b"operating_cost\\n"), "out_of_range"),
        (GOOD.replace(b"2026-03", b"2026-13"), "out_of_range"),
        (GOOD.replace(b"2026-03", b"1926-03"), "time_out_of_range"),
        (GOOD[:-1] + b',"team":""}', "out_of_range"),
        (GOOD[:-1] + b',"schema_version":2}', "newer_version"),
        (b'{"name":["another form"],"schema_version":2}', "newer_version"),
        (b'{"name":5,"schema_version":' + b"9" * 5_000 + b"}", "newer_version"),
    ],
)
def test_what_is_no_measure_is_refused_with_its_reason(value: bytes, reason: str) -> None:
    refused = decode(KEY, value)

    assert isinstance(refused, Rejected)
    assert refused.reason == reason
    assert refused.reason in REASONS
    assert len(refused.detail) <= 300


def test_a_loss_is_a_profit_below_zero() -> None:
    key, value = encode(Measure(name="profit", period="2026-Q1", value=-12_000.0))

    assert isinstance(decode(key, value), Measure)


@settings(deadline=None)
@given(st.binary(max_size=200), st.one_of(st.none(), st.binary(max_size=60)))
def test_no_bytes_whatever_raise(value: bytes, key: bytes | None) -> None:
    assert isinstance(decode(key, value), Measure | Rejected)
    assert isinstance(decode(value, None), Withdrawn | Rejected)


@settings(deadline=None)
@given(
    st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True),
    st.floats(0, 1e15),
    st.sampled_from(("2026-03-31", "2026-W13", "2026-03", "2026-Q1", "2026", "2026-03-01..2026-03-14")),
    st.one_of(st.none(), st.text(st.characters(codec="utf-8"), min_size=1, max_size=120)),
)
def test_what_is_published_is_read_back(name: str, number: float, period: str, team: str | None) -> None:
    measure = Measure(name=name, value=number, period=period, team=team)

    key, value = encode(measure)

    assert decode(key, value) == measure
    assert decode(key, None) == Withdrawn(measure.identity)
    assert key == key_of(measure.identity)


def test_what_the_contract_refuses_is_not_published() -> None:
    with pytest.raises(PeriodError):
        encode(Measure(name="sales", period="march", value=1.0))
    with pytest.raises(msgspec.ValidationError):
        encode(Measure(name="Sales", period="2026-03", value=1.0))


def test_a_name_no_formula_knows_is_told_what_it_may_have_meant() -> None:
    assert advice("operating_cost") is None
    assert advice("operating_costs") == ('No formula knows it; it is shown as given. Did you mean "operating_cost"?')
    assert advice("trees_planted") == "No formula knows it; it is shown as given."


def test_every_name_a_formula_knows_may_be_given() -> None:
    for name in INPUTS:
        key, value = encode(Measure(name=name, period="2026", value=1.0))

        assert isinstance(decode(key, value), Measure)
    assert set(GIVEN) <= set(INPUTS)
