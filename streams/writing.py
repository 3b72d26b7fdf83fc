"""Where files are written: a refusal of the operating system enters; an error that says where, and the mend, leaves."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class NoPlaceError(RuntimeError):
    """There is no room or no right for temporary files; the message says where, and what to do."""


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """An OSError inside names ``file``: a full disk names none, and an unfinished file is not the one asked for."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from error


@contextmanager
def temporary() -> Iterator[None]:
    """Temporary files and folders are made inside. Raises NoPlaceError where that is refused."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        why = (error.strerror or str(error)).lower()
        mend = "Temporary files need a folder with room that may be written to: set TMPDIR to one"
        raise NoPlaceError(f"{where}{why}. {mend}.") from error
