"""SMS and chat through Apprise: only services and hosts of a list, no redirects, nothing private."""

import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

import apprise

from engine.messages.records import Channel, DeliveryError, GatewayError, Outgoing

Resolved = IPv4Address | IPv6Address


def addresses_of(host: str, port: int | None = None) -> tuple[Resolved, ...]:
    """Resolve a host; raises `OSError` when it cannot be."""
    found = socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)
    return tuple(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)


def is_public(address: Resolved, *, loopback: bool = False) -> bool:
    """Return whether an address is on the public network; `loopback` lets this machine pass, for tests."""
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    plain = inner or address
    if loopback and plain.is_loopback:
        return True
    return plain.is_global and not (plain.is_multicast or plain.is_reserved or plain.is_unspecified)


for _name in ("apprise", "urllib3"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
"""Both log the addresses of people: Apprise when it fails, the other whenever it asks."""

_QUESTIONS: Final = frozenset({"from", "template", "lang", "route", "country"})
_REFERENCE: Final = 8
_CONNECT_SECONDS, _ANSWER_SECONDS = 10.0, 20.0


@dataclass(frozen=True)
class Service:
    """A service of Apprise: for which channels, at which host (None: one of its own), and what an address is like."""

    channels: frozenset[str]
    host: str | None
    example: str


_PHONE, _ROOM, _CHAT = "15550100000", "!room:example.org", "12345678"
SERVICES: Final[Mapping[str, Service]] = {
    "twilio": Service(frozenset({"sms"}), "api.twilio.com", _PHONE),
    "msg91": Service(frozenset({"sms"}), "control.msg91.com", _PHONE),
    "vonage": Service(frozenset({"sms"}), "rest.nexmo.com", _PHONE),
    "httpsms": Service(frozenset({"sms"}), "api.httpsms.com", _PHONE),
    "smseagles": Service(frozenset({"sms"}), None, _PHONE),
    "whatsapp": Service(frozenset({"whatsapp"}), "graph.facebook.com", _PHONE),
    "tgram": Service(frozenset({"telegram"}), "api.telegram.org", _CHAT),
    "matrixs": Service(frozenset({"matrix"}), None, _ROOM),
}
"""All that may be used, each over verified TLS. A service with a host of its own also needs that host to be allowed."""


@dataclass(frozen=True)
class AppriseGateways:
    """Makes channels of the addresses that administrators enter, as Apprise writes them.

    `hosts` are the network's own servers that may be used. `loopback` is for tests: it lets this machine be a gateway.
    """

    hosts: frozenset[str] = frozenset()
    services: Mapping[str, Service] = field(default_factory=lambda: SERVICES)
    loopback: bool = False

    def channel(self, name: str, url: str) -> Channel:
        """Return the channel of an address; raises `GatewayError` for one that may not be used."""
        host = self.host(name, url)
        parts = urlsplit(url)
        if _service(url, self.services[parts.scheme].example) is None:
            raise GatewayError(channel=name, problem="it is not written as this service expects.")
        return AppriseChannel(name, url, host=host, port=_port(url), loopback=self.loopback)

    def host(self, name: str, url: str) -> str:
        """Return the host that is spoken to, without any credentials; raises `GatewayError` as `channel` does."""
        try:
            parts = urlsplit(url)
        except ValueError:
            raise GatewayError(channel=name, problem="it is not an address.") from None
        service = self.services.get(parts.scheme)
        if service is None or name not in service.channels:
            fitting = sorted(scheme for scheme, known in self.services.items() if name in known.channels)
            raise GatewayError(channel=name, problem=f"it begins with none of {', '.join(fitting)} (and ://).")
        if any(question not in _QUESTIONS for question, _ in parse_qsl(parts.query, keep_blank_values=True)):
            raise GatewayError(channel=name, problem=f"after the ? it can say {', '.join(sorted(_QUESTIONS))} only.")
        if service.host is not None:
            return service.host
        host = (parts.hostname or "").lower()
        if host not in self.hosts:
            raise GatewayError(channel=name, problem="its host is not one that this installation allows.")
        return host


class AppriseChannel:
    """Sends to one person at a time through one service; the address of the person is added to the service's own."""

    def __init__(self, name: str, url: str, *, host: str, port: int | None = None, loopback: bool = False) -> None:
        """Say where to send through; nothing is opened before the first message."""
        self._name = name
        self._url = url
        self._host = host
        self._port = port
        self._loopback = loopback

    @contextmanager
    def open(self) -> Iterator["AppriseChannel"]:
        """Look where the host is; raises `DeliveryError` with `away` when it is nowhere, or inside a network."""
        self._look()
        yield self

    def send(self, message: Outgoing) -> None:
        """Send one message, or raise `DeliveryError`. A copy after a lost answer bears the same reference."""
        service = _service(self._url, message.to)
        if service is None:
            raise DeliveryError(channel=self._name, reason="bad-address", permanent=True)
        self._look()
        body = f"{message.body.rstrip()}\n(#{message.message_id[:_REFERENCE]})"
        try:
            taken = bool(service.notify(body=body, title=message.subject, body_format=apprise.NotifyFormat.TEXT))
        except Exception as error:  # noqa: BLE001 - a service of Apprise may raise anything
            raise DeliveryError(channel=self._name, reason=type(error).__name__) from None
        if not taken:
            raise DeliveryError(channel=self._name, reason="not-taken")

    def _look(self) -> None:
        try:
            found = addresses_of(self._host, self._port)
        except (OSError, ValueError):
            raise DeliveryError(channel=self._name, reason="no-such-host", away=True) from None
        if not found or not all(is_public(address, loopback=self._loopback) for address in found):
            raise DeliveryError(channel=self._name, reason="private-host", away=True)


def _service(url: str, to: str) -> apprise.NotifyBase | None:
    """Return the service with one person as its target; None when either is not written as it should be."""
    parts = urlsplit(url)
    if not to.strip() or any(letter.isspace() or not letter.isprintable() for letter in to):
        return None
    target = quote(to, safe="!:@+-_.")
    question = f"?{parts.query}" if parts.query else ""
    whole = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/{target}{question}"
    asset = apprise.AppriseAsset(
        async_mode=False, secure_logging=True, http_redirects=False, storage_mode=apprise.PersistentStoreMode.MEMORY
    )
    service = apprise.Apprise.instantiate(whole, asset=asset, suppress_exceptions=True)
    if not isinstance(service, apprise.NotifyBase) or len(service) != 1:
        return None
    service.socket_connect_timeout, service.socket_read_timeout = _CONNECT_SECONDS, _ANSWER_SECONDS
    service.verify_certificate, service.redirects, service.request_rate_per_sec = True, False, 0
    return service


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None
