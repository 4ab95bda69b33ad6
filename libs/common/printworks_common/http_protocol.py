"""HTTP/1.1 of our services: uvicorn's protocol on httptools, with limits that httptools does not have.

A request's head must come within 10 s and in 64 KB; its body must not come slower than 1 KB a second, and with no more
around it (lengths of chunks, extensions, trailers, which the parser keeps) than a head may have. No more than 16
requests may wait for the answers of those before them: uvicorn reads on after each answer, however many do. Of an
answer something must be taken in every 5 minutes. Beyond that the connection is closed, so that slow or endless peers
hold neither memory nor connections, ours or those to the store that an answer is read from, for long.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD_SECONDS = 10.0
HEAD_BYTES = 64 * 1024
HEADERS = 200
WAITING_REQUESTS = 16
UNREAD_SECONDS = 300.0
"""The system passes nothing on before a third of what it holds, some megabytes, has been taken: 3 KB a second."""
BODY_CHECK_SECONDS = 10.0
BODY_BYTES_PER_CHECK = 10 * 1024

_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/problem+json\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


class LimitedHttp(HttpToolsProtocol):
    """One connection."""

    _timer: asyncio.TimerHandle | None = None
    _unread_timer: asyncio.TimerHandle | None = None
    _in_head = True
    _in_body = False
    _head_bytes = 0
    _body_bytes = 0
    _bytes_around = 0
    """Since the last that belonged to the body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast("asyncio.Transport", transport))
        self._watch(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        self._unwatch_reader()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        self._unwatch_reader()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        elif self._in_body:
            self._body_bytes += len(data)
            self._bytes_around += len(data)
        super().data_received(data)
        if max(self._head_bytes, self._bytes_around) > HEAD_BYTES and not self.transport.is_closing():
            self._refuse()

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= WAITING_REQUESTS:
            raise ValueError("too many requests at once")  # the parser turns it into a 400
        super().on_message_begin()
        if self._timer is None:
            self._watch(HEAD_SECONDS)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > HEADERS:
            raise ValueError("too many header fields")  # the parser turns it into a 400

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._in_body = True
        self._head_bytes = 0
        self._watch(BODY_CHECK_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._bytes_around = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._in_body = False
        self._bytes_around = 0
        self._unwatch()
        super().on_message_complete()

    def _watch(self, seconds: float) -> None:
        self._unwatch()
        self._body_bytes = 0
        self._timer = self.loop.call_later(seconds, self._look)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        # While the application does not take what has come, a peer is not to blame for sending nothing.
        if self._in_body and (self.flow.read_paused or self._body_bytes >= BODY_BYTES_PER_CHECK):
            self._watch(BODY_CHECK_SECONDS)
            return
        self.transport.abort()

    def _watch_reader(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._unread_timer = self.loop.call_later(UNREAD_SECONDS, self._look_at_reader, left)

    def _unwatch_reader(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _look_at_reader(self, left_before: int) -> None:
        if self.transport.get_write_buffer_size() >= left_before:
            self.transport.abort()
        else:
            self._watch_reader()

    def _refuse(self) -> None:
        self._unwatch()
        under_way = cast("RequestResponseCycle | None", self.cycle)
        if under_way is not None and under_way.response_started and not under_way.response_complete:
            self.transport.abort()  # in the middle of an answer nothing else can be said
            return
        self.transport.write(_REFUSAL)
        self.transport.close()
