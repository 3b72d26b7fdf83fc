"""Makes the playlist that turns the boards on a screen: ``make playlist GRAFANA=http://127.0.0.1:3000 TOKEN=file``.

Grafana reads dashboards and data sources from files, playlists it takes only through its API (12.4 or later), from
somebody with the role of an editor. Running it again changes what is there; nothing else is touched. Exit codes: 0
done, 1 Grafana refused or did not answer, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

NAME: Final = "queuepulse"
BOARDS: Final = ("queuepulse-wallboard", "queuepulse-staffing")
"""What a floor wants on its screens: the other two are for one's own desk."""
_PATH: Final = "/apis/playlist.grafana.app/v1/namespaces/default/playlists"
_PATIENCE_SECONDS: Final = 10.0


def playlist(interval: str) -> dict[str, Any]:
    """The playlist as Grafana takes it; ``interval`` is how long each board is shown, such as "30s"."""
    return {
        "apiVersion": "playlist.grafana.app/v1",
        "kind": "Playlist",
        "metadata": {"name": NAME},
        "spec": {
            "title": "Queuepulse",
            "interval": interval,
            "items": [{"type": "dashboard_by_uid", "value": uid} for uid in BOARDS],
        },
    }


def put(url: str, token: str, interval: str = "30s") -> str:
    """Make the playlist or bring it up to date; returns its address. Raises OSError when Grafana refuses or is away."""
    wanted = playlist(interval)
    there = _ask("GET", f"{url}{_PATH}/{NAME}", token)
    if there is None:
        _ask("POST", url + _PATH, token, wanted)
    else:
        wanted["metadata"]["resourceVersion"] = there["metadata"]["resourceVersion"]
        _ask("PUT", f"{url}{_PATH}/{NAME}", token, wanted)
    return f"{url}/playlists/play/{NAME}?kiosk"


def _ask(method: str, url: str, token: str, body: dict[str, Any] | None = None) -> Any:
    """The answer, None when there is no such thing."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 404 and method == "GET":
                return None
            said = error.read(300).decode(errors="replace")
        raise OSError(f"{method} {url}: {error.code} {error.reason}: {said}") from error


def main() -> None:
    """Make the playlist and say where it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("url", help="where Grafana is, such as http://127.0.0.1:3000")
    parser.add_argument("--token-file", type=Path, required=True, help="holds the token of a service account (Editor)")
    parser.add_argument("--interval", default="30s", help="how long each board is shown (default: 30s)")
    given = parser.parse_args()
    try:
        print(put(given.url.rstrip("/"), given.token_file.read_text("utf-8").strip(), given.interval))
    except OSError as error:
        sys.exit(f"No playlist: {error}")


if __name__ == "__main__":
    main()
