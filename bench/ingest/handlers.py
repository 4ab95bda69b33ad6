"""What the receiver is compared to, on its own server stack. `python handlers.py parse` reads the body, checks the
signature, parses with the receiver's parser and answers 200; `whole` makes objects of the whole body (orjson), `json`
does so with the standard library's parser; `read` only reads.
"""

import json
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from printworks_common.runtime import Runtime, run
from printworks_common.settings import ServiceSettings, load
from printworks_common.shopify.webhooks import is_signed
from printworks_ingest.bodies import parse, parse_order

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SECRET = "PRINTWORKS_BENCH_SECRET"


class Handler:
    """Without a parser it neither verifies nor parses."""

    def __init__(self, secret: bytes, parser: Callable[[bytes], object] | None) -> None:
        self._secrets = [secret]
        self._parser = parser

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        chunks: list[bytes] = []
        while True:
            message = await receive()
            chunks.append(message.get("body", b""))
            if not message.get("more_body", False):
                break
        status = 200
        if self._parser is not None:
            body = b"".join(chunks)
            signature = dict(scope["headers"]).get(b"x-shopify-hmac-sha256", b"")
            if not is_signed(body, signature, self._secrets) or self._parser(body) is None:
                status = 401
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


def main() -> None:
    role = sys.argv[1]
    handler = Handler(
        os.environ[SECRET].encode(), {"parse": parse_order, "whole": parse, "json": json.loads, "read": None}[role]
    )

    async def build(runtime: Runtime[ServiceSettings]) -> None:
        runtime.serve_http(handler)

    run("bench", role, load(ServiceSettings), build)


if __name__ == "__main__":
    main()
