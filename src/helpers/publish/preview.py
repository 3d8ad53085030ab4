"""The built site in a browser, and over it the pages of notebooks that are being written (`watch`).

What is new and what is wrong the browser is told by a script and a note that only this server adds to a page: the files
of the site stay as they are.
"""

from __future__ import annotations

import contextlib
import html
import http.server
import mimetypes
import os
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from helpers.problems import MissingTool

_ASK = "/__version"
_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", re.IGNORECASE)
"""This computer's own names."""
_RELOAD = b"""<script>
(() => {
  let shown;
  setInterval(async () => {
    const version = await fetch("/__version").then((answer) => answer.text()).catch(() => shown);
    if (shown !== undefined && version !== shown) location.reload();
    shown = version;
  }, 300);
})();
</script>
</body>"""
_NOTE = (
    '<div role="{role}" style="position:sticky;bottom:0;z-index:99;padding:.6rem 1rem;background:{back};color:#111;'
    'white-space:pre-wrap;max-height:50vh;overflow:auto;font:.9rem/1.4 system-ui,sans-serif">{text}</div>'
)


class Server(http.server.ThreadingHTTPServer):
    """Serves a site on this machine; pages reload whenever `version` has changed, if `live`."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # there it would let two programs listen at one port

    def __init__(self, folder: Path, port: int, live: bool) -> None:
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise MissingTool(
                f"порт {port} занят другой программой или запрещён ({error.strerror}): назовите другой ключом --port, "
                "0 — любой свободный"
            ) from None
        self.folder, self.live, self.version = folder, live, 0
        self.looked_at = ""
        self._over: dict[str, bytes] = {}
        self._notes: dict[str, str] = {}

    def show(self, files: Mapping[str, bytes], page: str, note: str, fault: bool = False) -> None:
        """Serve these files instead of the site's, with a note on one page, and have the pages reload."""
        self._over |= files
        role, back = ("alert", "#ffd7d2") if fault else ("status", "#e4ecf7")
        self._notes[page] = _NOTE.format(role=role, back=back, text=html.escape(note))
        self.version += 1

    def over(self, path: str) -> bytes | None:
        """What is served in the place of a file of the site; None where the site's own is."""
        return self._over.get(path)

    def note(self, page: str) -> bytes:
        """The note on a page; empty where there is none."""
        return self._notes.get(page, "").encode()


class _Handler(http.server.SimpleHTTPRequestHandler):
    server: Server

    def __init__(self, request: object, address: object, server: Server) -> None:
        super().__init__(request, address, server, directory=str(server.folder))

    def parse_request(self) -> bool:
        """Refuse whoever calls this computer by another name: a page from elsewhere whose name was led here."""
        if not super().parse_request():
            return False
        named = _HOST.fullmatch(self.headers.get("Host", ""))
        if not named:
            self.send_error(http.HTTPStatus.FORBIDDEN)
        return bool(named)

    def translate_path(self, path: str) -> str:
        """The file asked for; a place where nothing is for what lies outside the site, a link out of it included."""
        found = super().translate_path(path)
        site = self.server.folder.resolve()
        with contextlib.suppress(OSError, ValueError):
            if all(place.resolve().is_relative_to(site) for place in (Path(found), Path(found, "index.html"))):
                return found
        return str(site / ".nothing-here")

    def list_directory(self, path: str) -> None:
        self.send_error(http.HTTPStatus.NOT_FOUND)

    def do_GET(self) -> None:
        if not self.server.live:
            super().do_GET()
        elif self.path == _ASK:
            self._answer(str(self.server.version).encode(), "text/plain")
        elif (found := self._found()) is None:
            super().do_GET()
        elif (page := found[0]).endswith(".html"):
            self.server.looked_at = page.removesuffix(".html")
            more = self.server.note(self.server.looked_at) + _RELOAD
            self._answer(found[1].replace(b"</body>", more, 1), "text/html; charset=utf-8")
        else:
            self._answer(found[1], mimetypes.guess_type(page)[0] or "application/octet-stream")

    def _found(self) -> tuple[str, bytes] | None:
        """Name and content of a page, or of a file made anew; None for anything else, or between the renamings of a swap."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_relative_to(self.server.folder):
            return None
        name = path.relative_to(self.server.folder).as_posix()
        if (made := self.server.over(name)) is not None:
            return name, made
        try:
            return (name, path.read_bytes()) if path.suffix == ".html" else None
        except OSError:
            return None

    def _answer(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path, port: int, live: bool = False) -> Iterator[Server]:
    """Serve a site from a thread of its own until the block ends."""
    with Server(folder, port, live) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
