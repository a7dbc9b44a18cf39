"""Check which IP addresses this server may connect to on behalf of others."""

import socket
import threading
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

IPAddress = IPv4Address | IPv6Address

# IP ranges that Python does not call private (3.11 to 3.13 differ here), or that are public only by
# number. Sources: IANA special-purpose registries; RFC 6052, 3056, 4380, 8215.
_SPECIAL: Final = tuple(
    ip_network(text)
    for text in (
        "100.64.0.0/10",  # shared by carriers, used inside clouds
        "168.63.129.16/32",  # Azure's metadata service
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "2001::/23",  # Teredo, benchmarks, ORCHID: tunnels and names, no hosts
        "2001:db8::/32",
        "2002::/16",  # 6to4: embeds an IPv4 address, perhaps a private one
        "3fff::/20",
    )
)
_GLOBAL_IPV6: Final = ip_network("2000::/3")
_NAT64: Final = ip_network("64:ff9b::/96")


def is_allowed(address: str, allowed_networks: Iterable[str] = ()) -> bool:
    """Return whether a connection to this IP address is allowed.

    Public hosts are allowed, all others only if one of the networks (CIDR) contains them. An IPv4
    address embedded in an IPv6 one (mapped, or behind NAT64) is checked as the IPv4 address.
    """
    # `%` precedes a zone, the name of a network interface.
    ip = _behind(ip_address(address.partition("%")[0]))
    # An allowed network applies to the embedded IPv4 address, mapped or not.
    return _is_public(ip) or any(ip in ip_network(text, strict=False) for text in allowed_networks)


def resolve(host: str, port: int, seconds: float) -> list[str]:
    """Return the IP addresses of a host, in the order in which to try them.

    Raises OSError; TimeoutError if the name servers take longer than `seconds`.
    """
    found: list[str] = []
    failed: list[OSError | UnicodeError] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failed.append(error)
        else:
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))

    # The system's lookup cannot be interrupted, but its thread can be abandoned.
    thread = threading.Thread(target=look_up, daemon=True, name=f"resolve {host}")
    thread.start()
    thread.join(seconds)
    if failed:
        raise OSError(str(failed[0])) from failed[0]
    if not found:
        raise TimeoutError(f"{host} was not resolved in time")
    return found


def _behind(ip: IPAddress) -> IPAddress:
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _is_public(ip: IPAddress) -> bool:
    if not ip.is_global or ip.is_multicast or any(ip in network for network in _SPECIAL):
        return False
    # All IPv6 addresses that hosts get are in 2000::/3; those outside are reserved or local.
    return ip.version == 4 or ip in _GLOBAL_IPV6
