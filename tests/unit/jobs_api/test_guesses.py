"""Wrong keys: limits of each sender and of all, and whose address a request counts for."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printworks_jobs_api.guesses import ALL_TIMES, Guesses, networks, sender
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

PROXIES = networks("10.0.0.0/8, fd00::/8")


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def scope(peer: str | None, *forwarded: bytes) -> dict[str, object]:
    return {"client": (peer, 40000) if peer else None, "headers": [(b"x-forwarded-for", one) for one in forwarded]}


def test_a_sender_may_err_a_few_times_and_then_waits() -> None:
    time = Time()
    guesses = Guesses(60, 3, now=time)
    assert [guesses.wait("a") for _ in range(5)] == [0, 0, 0, 1, 1]
    assert guesses.wait("b") == 0
    time.now = 1
    assert guesses.wait("a") == 0


@given(senders=st.lists(st.integers(0, 200), max_size=400), burst=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_all_together_get_no_more_than_their_limit_and_each_no_more_than_its_own(
    senders: list[int], burst: int
) -> None:
    guesses = Guesses(1, burst, now=Time())
    passed = [one for one in senders if guesses.wait(str(one)) == 0]
    assert len(passed) <= ALL_TIMES * burst
    assert all(passed.count(one) <= burst for one in set(passed))


def test_one_sender_alone_does_not_use_up_what_all_have() -> None:
    guesses = Guesses(1, 2, now=Time())
    for _ in range(1000):
        guesses.wait("loud")
    assert guesses.wait("quiet") == 0


@pytest.mark.parametrize(
    ("peer", "forwarded", "counts_for"),
    [
        ("192.0.2.7", (), "192.0.2.7"),
        ("192.0.2.7", (b"198.51.100.1",), "192.0.2.7"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", (b"198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", (b"1.1.1.1, 198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", (b"1.1.1.1", b"198.51.100.1, 10.9.9.9"), "198.51.100.1"),
        ("10.0.0.1", (b"198.51.100.1:5123",), "198.51.100.1"),
        ("10.0.0.1", (b"[2001:db8:1:2:3::4]:5123",), "2001:db8:1:2::/64"),
        ("10.0.0.1", (b"198.51.100.1, nonsense",), "10.0.0.1"),
        ("10.0.0.1", (b"\xff\x00, ",), "10.0.0.1"),
        ("10.0.0.1", (b"10.0.0.2",), "10.0.0.2"),
        ("::ffff:10.0.0.1", (b"::ffff:198.51.100.1",), "198.51.100.1"),
        ("fd00::1", (b"2001:db8:1:2:3:4:5:6",), "2001:db8:1:2::/64"),
        ("2001:db8::1%eth0", (), "2001:db8::/64"),
        ("testclient", (b"198.51.100.1",), "unknown"),
        (None, (b"198.51.100.1",), "unknown"),
    ],
)
def test_only_what_trusted_proxies_have_written_is_believed(
    peer: str | None, forwarded: tuple[bytes, ...], counts_for: str
) -> None:
    assert sender(scope(peer, *forwarded), PROXIES) == counts_for


def test_a_long_list_of_hops_is_read_from_its_end_and_not_whole() -> None:
    hops = b"1.1.1.1, " * 20_000 + b"198.51.100.1"
    assert sender(scope("10.0.0.1", hops), PROXIES) == "198.51.100.1"
    assert sender(scope("10.0.0.1", b"10.0.0.2, " * 20_000 + b"10.0.0.3"), PROXIES) == "10.0.0.2"


ADDRESSES = st.one_of(
    st.ip_addresses(v=4), st.ip_addresses(v=6), st.sampled_from(["10.0.0.7", "fd00::7"]).map(ip_address)
)


@given(hops=st.lists(ADDRESSES, min_size=1, max_size=30), split=st.integers(0, 30))
def test_lists_of_addresses_are_read_as_uvicorn_reads_them(hops: list[IPv4Address | IPv6Address], split: int) -> None:
    hops = [getattr(hop, "ipv4_mapped", None) or hop for hop in hops]
    headers = [", ".join(map(str, part)).encode() for part in (hops[:split], hops[split:]) if part]
    middleware = ProxyHeadersMiddleware(_nothing, ["10.0.0.0/8", "fd00::/8"])
    theirs, _ = middleware.trusted_hosts.get_trusted_client_address(b", ".join(headers).decode())

    assert sender(scope("10.0.0.1", *headers), PROXIES) == sender(scope(theirs), ())


async def _nothing(*_: object) -> None: ...


@given(
    headers=st.lists(
        st.one_of(st.binary(max_size=60), st.text("0123456789abcdef:.[]%, /", max_size=60).map(str.encode))
    )
)
def test_whatever_stands_in_the_header_a_request_counts_for_an_address(headers: list[bytes]) -> None:
    assert ip_network(sender(scope("10.0.0.1", *headers), PROXIES)).prefixlen in {32, 64}


def test_nobody_is_trusted_where_nothing_is_said() -> None:
    assert sender(scope("10.0.0.1", b"198.51.100.1"), ()) == "10.0.0.1"


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "example.com", "10.0.0.0/8,,", "", "*"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"network|address|bits"):
        networks(text)
