"""A little web server on loopback with customers' pictures, as a storefront's upload service has them."""

import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

PHOTOS = Path(__file__).with_name("photos")
"""Photographs that come with the local stack; their licences stand beside them."""

MEDIA_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


def photographs() -> list[Path]:
    """The photographs, by name. Raises FileNotFoundError when the checkout is not complete."""
    found = sorted(path for path in PHOTOS.iterdir() if path.suffix in MEDIA_TYPES)
    if not found:
        raise FileNotFoundError(f"no photographs in {PHOTOS}")
    return found


def own_picture(address: str, owner: object) -> str:
    """The address under which the picture of an address is served with bytes of its own, which tell whose they are."""
    return f"{address}?of={owner}"


class PictureServer:
    """Serves what was put; anything else is 404, as after a clean-up at the upload service."""

    def __init__(self) -> None:
        self._pictures: dict[str, tuple[bytes, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="pictures", daemon=True)

    def __enter__(self) -> "PictureServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, name: str) -> str:
        """The address of a picture, whether it is there or not."""
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def put(self, name: str, content: bytes, media_type: str = "image/jpeg") -> str:
        """Put a picture at its address; returns the address."""
        self._pictures[name] = content, media_type
        return self.url(name)

    def served(self, address: str) -> bytes:
        """What is served under an address, whichever host it names. Raises KeyError where nothing is."""
        found = self._found(address)
        if found is None:
            raise KeyError(address)
        return found[0]

    def _found(self, address: str) -> tuple[bytes, str] | None:
        parts = urlsplit(address)
        found = self._pictures.get(parts.path.lstrip("/"))
        if found is None or not parts.query:
            return found
        content, media_type = found
        return (_with_comment(content, parts.query.encode()), media_type) if media_type == "image/jpeg" else found

    def put_file(self, path: Path, name: str | None = None) -> str:
        return self.put(name or path.name, path.read_bytes(), MEDIA_TYPES[path.suffix])

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        find = self._found

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                found = find(self.path)
                content, media_type = found or (b"no such picture", "text/plain")
                with suppress(ConnectionError):  # a client that went away is none of our business
                    self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
                    self.send_header("Content-Type", media_type)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                """Quiet: the demo prints a table, not requests."""

        return Handler


def _with_comment(jpeg: bytes, text: bytes) -> bytes:
    """The same picture with a comment (COM, ITU-T T.81 B.2.4.5) behind its first segment, which has to stay the first
    (JFIF 1.02)."""
    end = 4 + int.from_bytes(jpeg[4:6]) if jpeg[2:4] == b"\xff\xe0" else 2
    return jpeg[:end] + b"\xff\xfe" + (2 + len(text)).to_bytes(2) + text + jpeg[end:]
