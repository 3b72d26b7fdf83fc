"""``queuepulse``, and ``python -m streams.cli``: one command as the work of this process, and its end."""

import traceback
from typing import NoReturn

from streams.cli import main
from streams.leaving import leave


def command() -> NoReturn:
    """Run the command of the command line, and exit with its code, whatever threads of libraries are left."""
    try:
        main()
    except SystemExit as end:
        leave(end.code if isinstance(end.code, int) else 1)
    except Exception:  # noqa: BLE001 - a bug: told whole, and then the end
        traceback.print_exc()
        leave(1)


if __name__ == "__main__":
    command()
