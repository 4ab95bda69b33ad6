"""Wrong API keys: how many an address may send, how many all together, and whose address a request comes from.

A key is always judged before its sender is: whoever has a right one gets in, however many wrong ones came from the same
address or from everywhere. The limits make no key safer, which its 256 random bits do; they tell a client that has gone
astray to stop, and make guessing visible (`printworks_jobs_api_wrong_keys_total`). Session tokens of the Shopify admin
are counted and not limited: one that is out of time is answered with 401 for Shopify's own fetch to try again.
"""

import time
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from printworks_jobs_api.limits import RateLimiter

Network = IPv4Network | IPv6Network

ALL_TIMES = 20
"""So many addresses at their limit are the limit of all together."""

_UNKNOWN = "unknown"
_IPV6_SITE_BITS = 64
_MAX_HOPS = 32


def networks(text: str) -> tuple[Network, ...]:
    """Networks and addresses, separated by commas. Raises ValueError."""
    return tuple(ip_network(one.strip()) for one in text.split(","))


def sender(scope: Any, trusted: Sequence[Network]) -> str:
    """Whom a request (an ASGI scope) counts for: an IPv4 address or an IPv6 network of 64 bits, which is one site.

    `X-Forwarded-For` is read from its end, as far as trusted proxies have written it; what stands before that, anybody
    may have written.
    """
    client = scope.get("client")
    address = _address(client[0]) if client else None
    if address is None:
        return _UNKNOWN
    if _is_in(address, trusted):
        for hop in reversed(_hops(scope)):
            before = _address(hop)
            if before is None:
                break
            address = before
            if not _is_in(address, trusted):
                break
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), _IPV6_SITE_BITS), strict=False))
    return str(address)


class Guesses:
    """`per_minute` wrong keys of a sender in the long run, `burst` at once, and twenty times as many of all."""

    def __init__(self, per_minute: float, burst: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._of_each = RateLimiter(per_minute / 60, burst, now=now)
        self._of_all = RateLimiter(ALL_TIMES * per_minute / 60, ALL_TIMES * burst, now=now)

    def wait(self, sender: str) -> float:
        """Note a wrong key. 0: it is one of few; else the seconds after which another may come.

        Who is over the limit alone takes nothing of what all have together.
        """
        return self._of_each.wait(sender) or self._of_all.wait("")


def _hops(scope: Any) -> list[str]:
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return [*",".join(values).rsplit(",", _MAX_HOPS)[-_MAX_HOPS:]]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Also of `a.b.c.d:port` and `[v6]:port`, which some proxies write; IPv4 inside IPv6 is IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address


def _is_in(address: IPv4Address | IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
