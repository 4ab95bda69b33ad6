"""Which addresses may be fetched from: a pure judgement of resolved addresses, never of their text.

IPv4: everything but the special-purpose blocks (IANA IPv4 special-purpose registry, RFC 6890), multicast, and addresses
that clouds give a meaning of their own. IPv6: only global unicast 2000::/3, without the blocks in it that are special
or carry an IPv4 address (IANA IPv6 special-purpose registry); so every IPv4 in disguise (mapped, compatible, NAT64,
SIIT, 6to4, Teredo) is refused, whatever it points at.
"""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address


class Denial(StrEnum):
    """Why an address is refused. For logs and metrics; the outside is never told."""

    LOOPBACK = "loopback"
    PRIVATE = "private"
    LINK_LOCAL = "link_local"
    SHARED = "shared"
    MULTICAST = "multicast"
    METADATA = "metadata"
    SPECIAL = "special"
    DISGUISED = "disguised"


_IPV4: tuple[tuple[IPv4Network, Denial], ...] = tuple(
    (IPv4Network(block), denial)
    for block, denial in (
        ("0.0.0.0/8", Denial.SPECIAL),
        ("10.0.0.0/8", Denial.PRIVATE),
        ("100.64.0.0/10", Denial.SHARED),  # carrier-grade NAT; Alibaba's metadata server lives in it
        ("127.0.0.0/8", Denial.LOOPBACK),
        ("168.63.129.16/32", Denial.METADATA),  # Azure's wire server
        ("169.254.0.0/16", Denial.LINK_LOCAL),  # metadata servers of most clouds
        ("172.16.0.0/12", Denial.PRIVATE),
        ("192.0.0.0/24", Denial.SPECIAL),  # protocol assignments; Oracle's metadata server
        ("192.0.2.0/24", Denial.SPECIAL),  # documentation
        ("192.31.196.0/24", Denial.SPECIAL),  # AS112
        ("192.52.193.0/24", Denial.SPECIAL),  # automatic multicast tunnelling
        ("192.88.99.0/24", Denial.SPECIAL),  # 6to4 relays
        ("192.168.0.0/16", Denial.PRIVATE),
        ("192.175.48.0/24", Denial.SPECIAL),  # AS112
        ("198.18.0.0/15", Denial.SPECIAL),  # benchmarks
        ("198.51.100.0/24", Denial.SPECIAL),  # documentation
        ("203.0.113.0/24", Denial.SPECIAL),  # documentation
        ("224.0.0.0/4", Denial.MULTICAST),
        ("240.0.0.0/4", Denial.SPECIAL),  # reserved, and broadcast
    )
)

_GLOBAL_IPV6 = IPv6Network("2000::/3")

_IPV6: tuple[tuple[IPv6Network, Denial], ...] = tuple(
    (IPv6Network(block), denial)
    for block, denial in (
        ("::1/128", Denial.LOOPBACK),
        ("::/128", Denial.SPECIAL),
        ("::/96", Denial.DISGUISED),  # IPv4-compatible
        ("::ffff:0:0/96", Denial.DISGUISED),  # IPv4-mapped
        ("::ffff:0:0:0/96", Denial.DISGUISED),  # SIIT
        ("64:ff9b::/96", Denial.DISGUISED),  # NAT64
        ("64:ff9b:1::/48", Denial.DISGUISED),  # NAT64 for local use
        ("2001::/32", Denial.DISGUISED),  # Teredo
        ("2001::/23", Denial.SPECIAL),  # protocol assignments
        ("2001:db8::/32", Denial.SPECIAL),  # documentation
        ("2002::/16", Denial.DISGUISED),  # 6to4
        ("2620:4f:8000::/48", Denial.SPECIAL),  # AS112
        ("3fff::/20", Denial.SPECIAL),  # documentation
        ("5f00::/16", Denial.SPECIAL),  # segment routing
        ("fd00:ec2::254/128", Denial.METADATA),  # AWS
        ("fc00::/7", Denial.PRIVATE),
        ("fe80::/10", Denial.LINK_LOCAL),
        ("fec0::/10", Denial.PRIVATE),  # site-local, deprecated and still routed in places
        ("ff00::/8", Denial.MULTICAST),
    )
)

_PRIVATE = frozenset({Denial.LOOPBACK, Denial.PRIVATE})


def denial_of(address: Address, *, allow_private: bool = False) -> Denial | None:
    """Why an address must not be connected to, or None when it may.

    `allow_private` lets loopback and private networks pass, for demonstrations and tests; metadata servers, link-local,
    multicast and disguised addresses never pass.
    """
    denial = _denial(address)
    return None if allow_private and denial in _PRIVATE else denial


def _denial(address: Address) -> Denial | None:
    if isinstance(address, IPv4Address):
        return next((denial for block, denial in _IPV4 if address in block), None)
    if address.scope_id is not None:
        return Denial.LINK_LOCAL
    named = next((denial for block, denial in _IPV6 if address in block), None)
    if named is None and address not in _GLOBAL_IPV6:
        return Denial.SPECIAL
    return named
