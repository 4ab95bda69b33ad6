"""Connecting only where it is allowed: resolve a name once, judge every answer, connect to a judged address."""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import cast

import httpcore

from printworks_common.addresses import Address, denial_of
from printworks_common.fetching.errors import BlockedAddressError

RESOLVE_SECONDS = 5.0
RESOLVER_THREADS = 128
"""More than look-ups that nobody waits for any more can hold: a server of names that does not answer keeps a thread for
30 s, and those of a few addresses must not keep everybody's names from being resolved."""
ADDRESSES_TRIED = 3

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class Resolver:
    """Names to addresses, by the system's resolver, in threads of its own with a time limit."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolver")

    async def resolve(self, host: str, port: int) -> Sequence[Address]:
        """All addresses of a name, in the order to try them. Raises OSError, TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(RESOLVE_SECONDS):
            answers = await loop.run_in_executor(self._threads, _look_up, host, port)
        return list(dict.fromkeys(ip_address(address) for address in answers))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(answer[4][0]) for answer in found]


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """The network as httpcore sees it. TLS and the Host header still use the name of the URL."""

    def __init__(self, resolver: Resolver, *, allow_private: bool) -> None:
        self._resolver = resolver
        self._allow_private = allow_private
        self._network = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises BlockedAddressError when any answer is not allowed, ConnectError when none can be reached."""
        try:
            addresses = await self._resolver.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("the name cannot be resolved") from error
        for address in addresses:
            denial = denial_of(address, allow_private=self._allow_private)
            if denial is not None:
                raise BlockedAddressError(denial)
        failure: Exception = httpcore.ConnectError("the name has no address")
        for address in addresses[:ADDRESSES_TRIED]:
            try:
                stream = await self._network.connect_tcp(
                    str(address), port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            await self._check_peer(stream, address)
            return stream
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[SocketOption] | None = None
    ) -> httpcore.AsyncNetworkStream:
        del path, timeout, socket_options
        raise BlockedAddressError("unix_socket")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _check_peer(self, stream: httpcore.AsyncNetworkStream, expected: Address) -> None:
        """The address at the other end must be the one that was judged."""
        peer = stream.get_extra_info("server_addr")
        if not peer or ip_address(str(peer[0])) != expected:
            await stream.aclose()
            raise BlockedAddressError("other_peer")
