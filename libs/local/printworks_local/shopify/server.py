"""Running the stand-in: in this process, or as a process of its own that ends with its parent."""

import asyncio
import logging
import os
import socket
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
import uvicorn

from printworks_local.shopify.app import create_app
from printworks_local.shopify.schemas import load_schema
from printworks_local.shopify.state import ShopConfig

START_SECONDS = 30
STOP_SECONDS = 5
KEEP_ALIVE_SECONDS = 75
"""Longer than our clients keep a connection: one that ends just as it is used again looks like a fault,
and whether a change was made is not known then."""


@dataclass(frozen=True)
class RunningShopify:
    """A stand-in that answers. `pid` is None when it runs inside this process."""

    url: str
    pid: int | None = None

    def admin_api_url(self, domain: str) -> str:
        """The base that stands for the shop's own https address, before `/admin/…`."""
        return f"{self.url}/shops/{domain}"


def run(shops: list[ShopConfig], *, host: str = "127.0.0.1", port: int = 0, end_with_stdin: bool = False) -> None:
    """Serve until a signal ends it. Prints one JSON line `{"url": …}` once it accepts connections.

    With `end_with_stdin` it also ends when its standard input closes, so that it never outlives its parent.
    """
    load_schema("2026-10")
    listening = _listen(host, port)
    server = _server(shops)
    if end_with_stdin:
        threading.Thread(target=_end_with_stdin, args=(server,), daemon=True).start()
    print(orjson.dumps({"url": _url(listening)}).decode(), flush=True)
    server.run(sockets=[listening])


def _end_with_stdin(server: uvicorn.Server) -> None:
    # Not through sys.stdin: its lock, held by a daemon thread, is fatal when the interpreter ends.
    while os.read(0, 65536):
        pass
    server.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(1024)
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()
    return f"http://{host}:{port}"


def _is_worth_telling(record: logging.LogRecord) -> bool:
    """Lost answers are a fault that was asked for, not an error of the server."""
    return "without completing response" not in record.getMessage()


def _server(shops: list[ShopConfig]) -> uvicorn.Server:
    logging.getLogger("uvicorn.error").addFilter(_is_worth_telling)
    return uvicorn.Server(
        uvicorn.Config(
            create_app(shops),
            http="httptools",
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )


@asynccontextmanager
async def start_shopify(
    shops: list[ShopConfig], *, port: int = 0, in_process: bool = False
) -> AsyncGenerator[RunningShopify]:
    """Start the stand-in on loopback (port 0: a free one), yield it once it answers, end it on the way out.

    Raises `RuntimeError` when the process ends, or says nothing for 30 s, before it is ready.
    """
    if in_process:
        async with _in_process(shops, port) as running:
            yield running
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "printworks_local.shopify",
        "--port",
        str(port),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        process_group=0,  # Ctrl-C is for the owner; the end of its standard input ends the stand-in
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("The Shopify stand-in has no pipes.")
    try:
        process.stdin.write(orjson.dumps([shop.model_dump() for shop in shops]) + b"\n")
        await process.stdin.drain()
        line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        if not line:
            raise RuntimeError(f"The Shopify stand-in ended with code {await process.wait()} before it was ready.")
        yield RunningShopify(orjson.loads(line)["url"], process.pid)
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS + 1)
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def _in_process(shops: list[ShopConfig], port: int) -> AsyncGenerator[RunningShopify]:
    listening = _listen("127.0.0.1", port)
    server = _server(shops)
    serving = asyncio.create_task(server._serve([listening]))  # `serve` would take over this process's signals
    try:
        while not server.started:
            if serving.done():
                await serving
                raise RuntimeError("The Shopify stand-in ended before it was ready.")
            await asyncio.sleep(0.01)
        yield RunningShopify(_url(listening))
    finally:
        server.should_exit = True
        await serving
        listening.close()
