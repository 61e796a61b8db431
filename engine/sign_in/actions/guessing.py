"""What sign-in and links share: only a token's hash is kept, and whoever guesses is slowed down."""

import hashlib
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from engine.assembly import Engine
from engine.errors import TooSoonError
from engine.sign_in.records import ACCOUNT, ACCOUNT_HERE, NETWORK, failures_at, wait_after, waits_for
from engine.sign_in.store import SignInStore


def hash_of(token: str) -> bytes:
    """Return the hash under which a token is known; tokens have 256 random bits, so a quick hash does."""
    return hashlib.sha256(token.encode()).digest()


_PACES: Final = (ACCOUNT_HERE, ACCOUNT, NETWORK)


class Tries:
    """The tries for one account from one network."""

    def __init__(self, engine: Engine, *, account: str, network: str) -> None:
        self._engine = engine
        name = account.strip().casefold()
        blind = engine.vault.blind
        self._keys = (
            blind("sign-in", f"{name}\0{network}"), blind("sign-in", f"{name}\0"), blind("sign-in", f"\0{network}"),
        )  # fmt: skip

    def wait(self) -> timedelta:
        """Return how long the next try waits for what failed before it."""
        now = self._engine.wall_clock.now()
        with self._engine.transaction() as tx:
            return max(map(wait_after, self._failures(tx.of(SignInStore).tries(self._keys, at=now), now), _PACES))

    def failures(self) -> int:
        """Return how many tries for the account failed of late, from anywhere."""
        now = self._engine.wall_clock.now()
        with self._engine.transaction() as tx:
            return self._failures(tx.of(SignInStore).tries(self._keys, at=now), now)[1]

    def count(self, *, anywhere: bool = False, in_turn: bool = True) -> None:
        """Count a try as failed before it is known: many at once do not slip through together.

        Tries of one account from one network take turns; with `anywhere` those from all networks do. Raise
        `TooSoonError` for one that comes before the wait after the failure before it is over; it is not counted.
        Without `in_turn` none is refused: what is asked for tells so little that whoever asks rightly is not held up.
        """
        now = self._engine.wall_clock.now()
        turns = _PACES[:2] if anywhere else _PACES[:1]
        with self._engine.transaction() as tx:
            found = tx.of(SignInStore).tries(self._keys, at=now)
            failures = self._failures(found, now)
            left = max(
                waits_for(failed, pace, last_at=last_at, now=now)
                for failed, pace, (_, last_at) in zip(failures, turns, found, strict=False)
            )
            if left and in_turn:
                raise TooSoonError(seconds=ceil(left.total_seconds()))
            tx.of(SignInStore).set_tries(dict(zip(self._keys, (count + 1 for count in failures), strict=True)), at=now)
            tx.commit()

    def forget(self) -> None:
        """Forget the failures of the account after a success; the network's stay, less this try."""
        now = self._engine.wall_clock.now()
        here, account, network = self._keys
        with self._engine.transaction() as tx:
            count, _ = tx.of(SignInStore).tries((network,), at=now)[0]
            tx.of(SignInStore).set_tries({network: max(count - 1, 0)}, at=now)
            tx.of(SignInStore).forget_tries((here, account))
            tx.commit()

    @staticmethod
    def _failures(found: tuple[tuple[int, datetime], ...], now: datetime) -> list[int]:
        return [failures_at(count, last_at, now) for count, last_at in found]
