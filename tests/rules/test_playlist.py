"""The playlist, against a stand-in that answers as Grafana's documented API does: Grafana itself can't be had here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from grafana import playlist
from tests.conftest import ROOT


class StandIn(BaseHTTPRequestHandler):
    """Keeps playlists by name; refuses a wrong token and a change of something that has changed meanwhile."""

    kept: dict[str, dict[str, Any]]

    def do_GET(self) -> None:
        found = self.kept.get(self.path.rpartition("/")[2])
        self._answer(200 if found else 404, found or {})

    def do_POST(self) -> None:
        made = self._body()
        self.kept[made["metadata"]["name"]] = {**made, "metadata": {**made["metadata"], "resourceVersion": "1"}}
        self._answer(201, made)

    def do_PUT(self) -> None:
        new, name = self._body(), self.path.rpartition("/")[2]
        version = self.kept[name]["metadata"]["resourceVersion"]
        if new["metadata"].get("resourceVersion") != version:
            self._answer(409, {"message": "changed meanwhile"})
            return
        new["metadata"]["resourceVersion"] = str(int(version) + 1)
        self.kept[name] = new
        self._answer(200, new)

    def _body(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return read

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        if self.headers["Authorization"] != "Bearer right":
            status, body = 401, {"message": "invalid API key"}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def grafana() -> Iterator[tuple[str, dict[str, Any]]]:
    kept: dict[str, Any] = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Kept", (StandIn,), {"kept": kept})) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", kept
        server.shutdown()
        thread.join()


def test_the_playlist_is_made_and_made_again_with_what_changed(grafana: tuple[str, dict[str, Any]]) -> None:
    url, kept = grafana

    assert playlist.put(url, "right") == f"{url}/playlists/play/queuepulse?kiosk"
    playlist.put(url, "right", "1m")

    assert list(kept) == ["queuepulse"]
    assert (kept["queuepulse"]["spec"]["interval"], kept["queuepulse"]["metadata"]["resourceVersion"]) == ("1m", "2")
    assert [item["value"] for item in kept["queuepulse"]["spec"]["items"]] == [
        "queuepulse-wallboard", "queuepulse-staffing",
    ]  # fmt: skip


def test_it_shows_boards_that_are_there() -> None:
    boards = [json.loads(path.read_text("utf-8")) for path in (ROOT / "grafana" / "dashboards").glob("*.json")]

    assert set(playlist.BOARDS) <= {board["uid"] for board in boards}


def test_a_refusal_is_said_in_words_without_the_token(
    grafana: tuple[str, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "token"
    secret.write_text("not-the-right-one\n", "utf-8")
    monkeypatch.setattr("sys.argv", ["playlist", grafana[0], "--token-file", str(secret)])

    with pytest.raises(SystemExit) as ended:
        playlist.main()

    assert str(ended.value).startswith("No playlist: GET http://127.0.0.1:")
    assert "401" in str(ended.value)
    assert "not-the-right-one" not in str(ended.value)
