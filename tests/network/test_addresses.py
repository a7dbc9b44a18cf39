import socket
import time

import pytest

from dashboard.network.addresses import is_allowed, resolve


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "8.8.8.8",
        "1.1.1.1",
        "172.15.255.255",
        "172.32.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "192.167.255.255",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450:4001:81b::200e",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ],
)
def test_public_addresses_are_allowed(address):
    assert is_allowed(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",  # metadata of Alibaba
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",  # metadata of Azure
        "169.254.0.1",
        "169.254.169.254",  # metadata of AWS, Google, Azure
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.192",  # metadata of Oracle
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",  # 127.0.0.1, the way of long ago
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:10.0.0.1",
        "64:ff9b::a00:1",  # 10.0.0.1 behind NAT64
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:a00:1::1",  # 10.0.0.1 by 6to4
        "2002:808:808::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",  # metadata of AWS
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_all_others_are_refused(address):
    assert not is_allowed(address)


@pytest.mark.parametrize(
    ("address", "networks", "allowed"),
    [
        ("10.1.2.3", ["10.0.0.0/8"], True),
        ("10.1.2.3", ["10.1.2.3"], True),
        ("10.1.2.3", ["10.1.2.3/8"], True),
        ("10.1.2.3", ["192.168.0.0/16", "10.1.0.0/16"], True),
        ("10.1.2.3", ["10.2.0.0/16"], False),
        ("10.1.2.3", [], False),
        ("10.1.2.3", ["::/0"], False),
        ("::ffff:10.1.2.3", ["10.0.0.0/8"], True),
        ("::ffff:127.0.0.1", ["10.0.0.0/8"], False),
        ("64:ff9b::a01:203", ["10.0.0.0/8"], True),
        ("64:ff9b::a01:203", ["192.168.0.0/16"], False),
        ("2002:a01:203::1", ["10.0.0.0/8"], False),
        ("2002:a01:203::1", ["2002::/16"], True),
        ("127.0.0.1", ["127.0.0.1/32"], True),
        ("127.0.0.2", ["127.0.0.1/32"], False),
        ("fd12::1", ["fd00::/8"], True),
        ("fe80::1%eth0", ["fe80::/10"], True),
        ("8.8.8.8", ["10.0.0.0/8"], True),
    ],
)
def test_networks_that_are_named_are_allowed(address, networks, allowed):
    assert is_allowed(address, networks) is allowed


def test_a_network_that_is_none_is_an_error():
    with pytest.raises(ValueError, match="does not appear to be"):
        is_allowed("10.0.0.1", ["ten"])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "017700000001"])
def test_every_spelling_of_an_address_is_resolved(host):
    assert resolve(host, 80, 5) == ["127.0.0.1"]


@pytest.mark.parametrize("host", ["a" * 70 + ".example", ".example", "a..b"])
def test_names_that_are_none_are_an_error(host):
    with pytest.raises(OSError, match=r".+"):
        resolve(host, 80, 5)


def test_slow_name_servers_are_left_behind(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(1) or [])
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        resolve("slow.example", 80, 0.05)
    assert time.monotonic() - start < 0.9
