"""Which resolved addresses may be fetched from: every kind of address that leads inward is refused, in any disguise."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from printworks_common.addresses import Denial, denial_of

DENIED = {
    "0.0.0.0": Denial.SPECIAL,
    "10.0.0.1": Denial.PRIVATE,
    "100.64.0.1": Denial.SHARED,
    "100.100.100.200": Denial.SHARED,
    "127.0.0.1": Denial.LOOPBACK,
    "127.255.255.254": Denial.LOOPBACK,
    "168.63.129.16": Denial.METADATA,
    "169.254.169.254": Denial.LINK_LOCAL,
    "169.254.170.2": Denial.LINK_LOCAL,
    "172.16.0.1": Denial.PRIVATE,
    "172.31.255.255": Denial.PRIVATE,
    "192.0.0.192": Denial.SPECIAL,
    "192.0.2.1": Denial.SPECIAL,
    "192.88.99.1": Denial.SPECIAL,
    "192.168.1.1": Denial.PRIVATE,
    "198.18.0.1": Denial.SPECIAL,
    "198.51.100.1": Denial.SPECIAL,
    "203.0.113.1": Denial.SPECIAL,
    "224.0.0.1": Denial.MULTICAST,
    "239.255.255.250": Denial.MULTICAST,
    "240.0.0.1": Denial.SPECIAL,
    "255.255.255.255": Denial.SPECIAL,
    "::": Denial.SPECIAL,
    "::1": Denial.LOOPBACK,
    "::127.0.0.1": Denial.DISGUISED,
    "::ffff:127.0.0.1": Denial.DISGUISED,
    "::ffff:8.8.8.8": Denial.DISGUISED,
    "::ffff:0:127.0.0.1": Denial.DISGUISED,
    "64:ff9b::7f00:1": Denial.DISGUISED,
    "64:ff9b::a9fe:a9fe": Denial.DISGUISED,
    "64:ff9b:1::1": Denial.DISGUISED,
    "100::1": Denial.SPECIAL,
    "2001::1": Denial.DISGUISED,
    "2001:0:7f00:1::": Denial.DISGUISED,
    "2001:10::1": Denial.SPECIAL,
    "2001:20::1": Denial.SPECIAL,
    "2001:db8::1": Denial.SPECIAL,
    "2002:7f00:1::": Denial.DISGUISED,
    "2002:a9fe:a9fe::1": Denial.DISGUISED,
    "3fff::1": Denial.SPECIAL,
    "5f00::1": Denial.SPECIAL,
    "fc00::1": Denial.PRIVATE,
    "fd00:ec2::254": Denial.METADATA,
    "fe80::1": Denial.LINK_LOCAL,
    "fe80::1%1": Denial.LINK_LOCAL,
    "2606:4700::1111%1": Denial.LINK_LOCAL,
    "fec0::1": Denial.PRIVATE,
    "ff02::1": Denial.MULTICAST,
    "ff0e::1": Denial.MULTICAST,
}


@pytest.mark.parametrize(("address", "denial"), DENIED.items())
def test_addresses_that_lead_inward_or_nowhere_are_denied(address: str, denial: Denial) -> None:
    assert denial_of(ip_address(address)) is denial


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "23.227.38.33", "2606:4700::1111", "2a00:1450:4001::200e"])
def test_public_addresses_may_be_fetched_from(address: str) -> None:
    assert denial_of(ip_address(address)) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "fd12::1"])
def test_private_addresses_pass_only_where_a_setting_allows_it(address: str) -> None:
    assert denial_of(ip_address(address)) is not None
    assert denial_of(ip_address(address), allow_private=True) is None


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "168.63.129.16", "fd00:ec2::254", "224.0.0.1", "::ffff:127.0.0.1", "0.0.0.0"]
)
def test_no_setting_opens_metadata_servers_multicast_and_disguises(address: str) -> None:
    assert denial_of(ip_address(address), allow_private=True) is not None


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_no_ipv4_that_python_calls_not_global_passes(address: IPv4Address) -> None:
    if not address.is_global:
        assert denial_of(address) is not None


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_no_ipv6_that_python_calls_not_global_passes(address: IPv6Address) -> None:
    if not address.is_global or address.ipv4_mapped or address.sixtofour or address.teredo:
        assert denial_of(address) is not None


@given(st.integers(0, 2**32 - 1), st.sampled_from(["::", "::ffff:0:0", "::ffff:0:0:0", "64:ff9b::"]))
def test_an_ipv4_address_inside_ipv6_is_denied_whatever_it_is(inner: int, block: str) -> None:
    assert denial_of(IPv6Address(int(IPv6Address(block)) | inner)) is not None
