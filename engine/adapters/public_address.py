"""Refuses hosts that stand inside a network: what an administrator enters must not reach what is private."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

Resolved = IPv4Address | IPv6Address


def addresses_of(host: str, port: int | None = None) -> tuple[Resolved, ...]:
    """Resolve a host; raises `OSError` when it cannot be."""
    found = socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)
    return tuple(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)


def is_public(address: Resolved, *, loopback: bool = False) -> bool:
    """Say whether an address is on the public network; `loopback` lets this machine pass, for tests."""
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    plain = inner or address
    if loopback and plain.is_loopback:
        return True
    return plain.is_global and not (plain.is_multicast or plain.is_reserved or plain.is_unspecified)
