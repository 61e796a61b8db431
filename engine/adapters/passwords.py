"""Passwords: Argon2id, with the library's current parameters."""

from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from engine.domain.passwords import normalised

MEMORY_KIB = 19 * 1024
PASSES = 2
_NOBODY = "a password that nobody has"


class Argon2Passwords:
    """Hashes with Argon2id (19 MiB, two passes)."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        """Make the hasher, and the hash that stands in for an unknown actor's."""
        self._hasher = _hasher(memory_kib, passes)
        self._stand_in = _stand_in(memory_kib, passes)

    def hash(self, password: str) -> str:
        """Give the hash to keep."""
        return self._hasher.hash(normalised(password))

    def verify(self, password: str, kept: str | None) -> bool:
        """Check a password; an unknown actor takes as long as a known one."""
        right = self._hasher.verify(normalised(password), kept or self._stand_in)
        return right and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Say whether a hash was made with other parameters than a new one would be."""
        return self._hasher.current_hasher.check_needs_rehash(kept)


def _hasher(memory_kib: int, passes: int) -> PasswordHash:
    return PasswordHash((Argon2Hasher(memory_cost=memory_kib, time_cost=passes, parallelism=1),))


@cache
def _stand_in(memory_kib: int, passes: int) -> str:
    return _hasher(memory_kib, passes).hash(_NOBODY)
