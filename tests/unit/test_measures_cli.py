"""``queuepulse measure`` without a broker: what can't be a number is refused in words, before anything is sent."""

from __future__ import annotations

import pytest

from streams.cli import main

MARCH = ("--period", "2026-03")


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(("measure", *arguments))
    return int(ended.value.code or 0)


@pytest.mark.parametrize("command", ["set", "list", "unset"])
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0

    assert f"  queuepulse measure {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("set", "operating_cost", "5", "--period", "2026-13"), "'2026-13' is not a period written like"),
        (("set", "Operating Cost", "5", *MARCH), "small letters, digits and underscores"),
        (("set", "operating_cost", "much", *MARCH), "unable to parse string as a number"),
        (("set", "operating_cost", "nan", *MARCH), "nan can't be"),
        (("set", *MARCH, "operating_cost", "--", "-5"), "$.value is negative: operating_cost counts currency"),
        (("set", "operating_cost", "5", *MARCH, "--currency", "EUR"), 'set measures.currency = "EUR"'),
        (("set", "leads", "5", *MARCH, "--team", "x" * 121), "--team: at most 120 characters"),
        (("unset", "operating_cost", "--period", "soon"), "'soon' is not a period"),
    ],
)
def test_misuse_is_told_in_words(arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2

    assert sentence in " ".join(capsys.readouterr().err.split())


def test_an_amount_in_another_currency_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUEUEPULSE_MEASURES__CURRENCY", "USD")

    assert run("set", "operating_cost", "5", *MARCH, "--currency", "EUR") == 2

    assert "this floor's amounts are in USD; convert it" in " ".join(capsys.readouterr().err.split())


def test_without_a_broker_a_number_is_not_given_and_the_mend_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("set", "operating_cost", "5", *MARCH, "--broker", "127.0.0.1:1") == 1

    assert "no Kafka broker answered at 127.0.0.1:1" in capsys.readouterr().err
