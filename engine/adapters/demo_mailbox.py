"""The channel of the demo: nothing leaves; what would have been sent stays to be looked at."""

from collections.abc import Iterator
from contextlib import contextmanager

from engine.ports import Channel, Outgoing


class DemoMailbox:
    """Takes every message; it can be read in the demo mailbox, which shows the rows themselves."""

    @contextmanager
    def open(self) -> Iterator["DemoMailbox"]:
        """Begin to take messages."""
        yield self

    def send(self, message: Outgoing) -> None:
        """Take a message."""


class DemoGateways:
    """Makes a demo mailbox of every address, so that nothing leaves a demo."""

    def channel(self, name: str, url: str) -> Channel:  # noqa: ARG002 - the port's words
        """Give a mailbox."""
        return DemoMailbox()

    def host(self, name: str, url: str) -> str:  # noqa: ARG002 - the port's words
        """Say that nothing is spoken to."""
        return "demo"
