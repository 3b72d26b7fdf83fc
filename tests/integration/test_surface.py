"""What a real worker can be reached by: one port of loopback, and behind it nothing of Faust's."""

from __future__ import annotations

import sys
from pathlib import Path

import aiohttp
import pytest

from streams.settings import Settings
from tests.integration.line import worker_on

FAUSTS = ["/stats/", "/tables/", "/table/state/k", "/tables/state/", "/graph", "/router/", "/production/", "/schema/"]
LISTENS = "0A"


def listening(pid: int) -> set[tuple[str, int]]:
    """Address (hexadecimal, as the kernel writes it) and port of every TCP socket on which a process listens."""
    inodes = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENS and f"socket:[{fields[9]}]" in inodes:
                address, _, port = fields[1].partition(":")
                found.add((address, int(port, 16)))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_worker_listens_on_one_port_of_loopback_and_has_no_pages_of_fausts(
    settings: Settings, tmp_path: Path
) -> None:
    async with worker_on(settings.broker, tmp_path) as line:
        await line.ready()
        async with aiohttp.ClientSession(f"http://127.0.0.1:{line.port}") as client:
            answers = {}
            for path in FAUSTS:
                async with client.get(path) as answer:
                    answers[path] = answer.status

        assert listening(line.pid) == {("0100007F", line.port)}
        assert await line.leave() == 0
    assert answers == dict.fromkeys(FAUSTS, 404)
