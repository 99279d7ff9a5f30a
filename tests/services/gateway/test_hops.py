"""The address of the caller: what trusted proxies wrote is believed, what strangers wrote is not."""

import pytest
from starlette.datastructures import Headers

from hub.kit.errors import ConfigurationError
from hub.kit.networks import network_of
from hub.kit.settings import Source
from services.gateway.access.hops import Hops, is_loopback_host, networks
from services.gateway.settings import Settings

OURS = networks(["10.0.0.0/8", "2001:db8:1::/48"])
FORWARDED_FOR = "x-forwarded-for"


@pytest.mark.parametrize(
    ("connected", "value", "expected"),
    [
        ("192.0.2.1", "198.51.100.9", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.9, 10.0.0.2", "198.51.100.9"),
        ("10.0.0.1", "198.51.100.9:4711", "198.51.100.9"),
        ("10.0.0.1", "[2001:db8:2::9]:4711", "2001:db8:2::9"),
        ("2001:db8:1::1", "198.51.100.9", "198.51.100.9"),
        ("::ffff:10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "1.1.1.1, unknown", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2"),
    ],
)
def test_the_nearest_address_that_is_no_trusted_proxys_is_the_callers(
    connected: str, value: str, expected: str
) -> None:
    hops = Hops(OURS, header=FORWARDED_FOR)
    assert hops.caller(connected, Headers({FORWARDED_FOR: value})) == expected


@pytest.mark.parametrize(
    ("header", "theirs", "ours"),
    [(FORWARDED_FOR, b"6.6.6.6", b"198.51.100.9"), ("forwarded", b"for=6.6.6.6", b"for=198.51.100.9")],
)
def test_a_line_that_a_stranger_sent_does_not_hide_the_one_that_a_proxy_added(
    header: str, theirs: bytes, ours: bytes
) -> None:
    headers = Headers(raw=[(header.encode(), theirs), (header.encode(), ours)])
    assert Hops(OURS, header=header).caller("10.0.0.1", headers) == "198.51.100.9"


def test_the_standard_header_is_read_where_it_is_chosen_and_then_alone() -> None:
    hops = Hops(OURS, header="forwarded")
    headers = {"forwarded": 'for=1.1.1.1, for="[2001:db8:2::9]:1";proto=https', FORWARDED_FOR: "6.6.6.6"}
    assert hops.caller("10.0.0.1", Headers(headers)) == "2001:db8:2::9"


def test_a_connection_without_an_address_has_none() -> None:
    assert Hops(OURS, header=FORWARDED_FOR).caller(None, Headers({FORWARDED_FOR: "6.6.6.6"})) == "-"


def test_a_site_of_the_newer_internet_counts_as_one() -> None:
    assert network_of("2001:db8:2:3:4:5:6:7") == network_of("2001:db8:2:3::1") == "2001:db8:2:3::/64"
    assert network_of("2001:db8:2:4::1") != network_of("2001:db8:2:3::1")
    assert network_of("192.0.2.7") == network_of("::ffff:192.0.2.7") == "192.0.2.7"


def test_this_machine_is_known_by_its_address_and_its_names() -> None:
    hops = Hops([], header=FORWARDED_FOR)
    assert hops.at_home("127.0.0.1", {})
    assert hops.at_home("::1", {})
    assert not hops.at_home("192.0.2.1", {})
    assert not hops.at_home("127.0.0.1", {"via": "1.1 proxy"})
    assert [is_loopback_host(host) for host in ("localhost:1", "127.0.0.2", "[::1]:1", "[::1]")] == [True] * 4
    assert [is_loopback_host(host) for host in ("", "evil.example", "localhost.evil.example", "10.0.0.1")] == [
        False
    ] * 4


def test_a_network_that_is_none_is_named_with_the_fix() -> None:
    with pytest.raises(ConfigurationError, match=r"trusted_proxies.*'10.0.0.1/8' is no network; write it as"):
        Settings.load(Source(environ={"OMNIHUB_GATEWAY__TRUSTED_PROXIES": "10.0.0.1/8"}))
