"""A process ends, whatever its libraries do. What must be left behind is left in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from streams.leaving import run, within

STUBBORN = '''
import asyncio
from streams import leaving

leaving.LET_GO_SECONDS = 0.05

async def stubborn():
    """Like some clients' tasks: being cancelled is one more reason to try again."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            print("cancelled", flush=True)
'''


def printed(program: str) -> tuple[int, str]:
    """The exit code and the output of a program that has to end by itself."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


def test_a_task_that_does_not_end_when_it_is_cancelled_is_left() -> None:
    program = STUBBORN + (
        "async def main():\n"
        "    global kept\n"
        "    kept = asyncio.create_task(stubborn())\n"
        "    await asyncio.sleep(0)\n"
        "leaving.run(main())\n"
        "print('ended', kept.done())\n"
    )

    assert printed(program) == (0, "cancelled\nended False\n")


def test_a_service_that_does_not_end_is_left_and_the_message_says_what_to_do() -> None:
    program = STUBBORN + (
        "async def main():\n"
        "    try:\n"
        "        await leaving.within(0.05, stubborn(), 'Faust')\n"
        "    except leaving.NotEndedError as error:\n"
        "        print(error)\n"
        "leaving.run(main())\n"
    )

    code, text = printed(program)

    assert (code, text.splitlines()[0]) == (
        0,
        "Faust did not end within 0 s; it was left. Is Kafka away? What was not stored is counted by the next worker.",
    )


def test_a_task_that_ends_when_it_is_cancelled_has_ended_when_run_returns() -> None:
    kept: list[asyncio.Task[object]] = []

    async def main() -> None:
        kept.append(asyncio.create_task(asyncio.Event().wait()))
        await asyncio.sleep(0)

    run(main())

    assert kept[0].cancelled()


def test_an_error_of_the_work_is_raised_after_everything_was_let_go() -> None:
    async def main() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run(main())


def test_what_a_service_raises_when_it_ends_is_raised() -> None:
    async def broken() -> None:
        raise ValueError("broken")

    async def main() -> None:
        with pytest.raises(ValueError, match="broken"):
            await within(1.0, broken(), "it")

    run(main())


@pytest.mark.parametrize("code", [0, 3])
def test_a_thread_that_never_ends_does_not_keep_the_process(code: int) -> None:
    program = (
        "import threading\n"
        "from streams.leaving import leave\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
        "print('said')\n"
        f"leave({code})\n"
    )

    assert printed(program) == (code, "said\n")
