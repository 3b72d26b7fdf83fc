"""The command line: arguments enter, a function of another module is called, an exit code leaves.

Commands import what they run when they run, so that ``--help`` is instant. Errors are one sentence with its mend on
stderr. Exit codes: 0 fine, 1 refused or wrong, 2 misuse or a web server open to everybody, 3 Kafka is gone,
130 ended by Ctrl-C.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from streams import __version__
from streams.cli import ask, contract, files, grow, line, measure, rejected, schedule, simulation, state, whatif
from streams.writing import NO_ROOM

app = typer.Typer(
    help="Live contact-centre metrics from Kafka events.",
    epilog="To see it: queuepulse demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command; raises SystemExit. What a user, a file or a broker did is one sentence; a bug is raised."""
    try:
        app(args=arguments, prog_name="queuepulse")
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        print(f"queuepulse: {sentence}", file=sys.stderr)
        sys.exit(getattr(error, "exit_code", 1))
    sys.exit(0)


def explain(error: Exception) -> str | None:
    """What to tell the user about an error; None for a bug.

    Our own error classes carry their mend already; Kafka's clients and the operating system get one here.
    """
    module = type(error).__module__
    if module.startswith("streams."):
        return str(error)
    if module.startswith(("aiokafka.", "kafka.")):
        told = str(error) or type(error).__name__
        return f"Kafka's client says: {told}. Is the broker there? `make kafka` starts one to try with."
    if isinstance(error, OSError) and (error.filename is not None or error.errno in NO_ROOM):
        where = "standard output" if error.filename is None else error.filename
        no_room = "It is not written, or not whole: make room there, or choose another place."
        mend = no_room if error.errno in NO_ROOM else "Check the path and its rights."
        return f"{where}: {(error.strerror or str(error)).lower()}. {mend}"
    return None


def _version(wanted: bool) -> None:
    if wanted:
        print(f"queuepulse {__version__}")
        raise typer.Exit


@app.callback()
def _queuepulse(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None: ...


def _examples(*commands: str) -> str:
    return "\n".join(["\b", "Examples:", *(f"  queuepulse {command}" for command in commands)])  # \b keeps the lines


for _command, _epilog in (
    (line.demo, _examples("demo", "demo --duration 60")),
    (line.worker, _examples("worker -c floor.toml", "worker --embedded-broker")),
    (simulation.simulate, _examples("simulate -o day.jsonl --oracle totals.json", "simulate --publish --speed 60")),
    (files.replay, _examples("replay day.jsonl --speed 60", "replay queue_log -f asterisk-queue-log --follow")),
    (files.report, _examples("report day.jsonl", "report calls.tsv -f csv --map calls.toml --by hour --json")),
    (
        whatif.whatif,
        _examples("whatif --queue billing --agents +2 --aht -10%", "whatif --queue billing --arrivals +20% --json"),
    ),
    (ask.explain, _examples("explain billing service_level --window 30m", "explain ALL asa_seconds --json")),
    (line.topics, _examples("topics --broker kafka:9092", "topics --check --json")),
    (grow.grow, _examples("grow 32 --into queuepulse-2 --check", "grow 32 --into queuepulse-2")),
    (contract.schema, _examples("schema", "schema call-events", "schema --check")),
    (contract.check_config, _examples("check-config", "check-config floor.toml --json")),
):
    app.command(epilog=_epilog)(_command)

measure.app.command("set", epilog=_examples(
    "measure set operating_cost 41250 --period 2026-03", "measure set leads 1200 --period 2026-Q1 --team sales"
))(measure.give)  # fmt: skip
measure.app.command("list", epilog=_examples("measure list", "measure list --period 2026-03 --json"))(measure.show)
measure.app.command("unset", epilog=_examples("measure unset operating_cost --period 2026-03"))(measure.withdraw)
schedule.app.callback()(lambda: None)  # one command alone would take the group's place
schedule.app.command("load", epilog=_examples(
    "schedule load week.csv --timezone Europe/Vienna", "schedule load - < week.csv"
))(schedule.load)  # fmt: skip
app.add_typer(schedule.app, epilog=_examples("schedule load week.csv"))
app.add_typer(measure.app, epilog=_examples("measure set operating_cost 41250 --period 2026-03", "measure list"))

state.app.command("save", epilog=_examples("state save queuepulse.state"))(state.save)
state.app.command("load", epilog=_examples("state load queuepulse.state --into queuepulse-2"))(state.load)
app.add_typer(state.app, epilog=_examples("state save queuepulse.state"))

rejected.app.command("list", epilog=_examples("rejected list", "rejected list --reason not_json --json"))(
    rejected.show_list
)
rejected.app.command("show", epilog=_examples("rejected show call-events-0-17"))(rejected.show)
rejected.app.command("replay", epilog=_examples(
    "rejected replay --reason newer_version --dry-run", "rejected replay call-events-0-17"
))(rejected.replay)  # fmt: skip
app.add_typer(rejected.app, epilog=_examples("rejected list", "rejected replay --reason newer_version"))
