"""Passwords: Argon2id, with the library's current parameters."""

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

_NOBODY = "a password that nobody has"


class Argon2Passwords:
    """Hashes with Argon2id (19 MiB, two passes)."""

    def __init__(self) -> None:
        """Make the hasher, and the hash that stands in for an unknown actor's."""
        self._hasher = PasswordHash((Argon2Hasher(memory_cost=19 * 1024, time_cost=2, parallelism=1),))
        self._stand_in = self._hasher.hash(_NOBODY)

    def hash(self, password: str) -> str:
        """Give the hash to keep."""
        return self._hasher.hash(password)

    def verify(self, password: str, kept: str | None) -> bool:
        """Check a password; an unknown actor takes as long as a known one."""
        right = self._hasher.verify(password, kept or self._stand_in)
        return right and kept is not None
