"""Passwords by Argon2id, those that are tried first, and codes of an authenticator (RFC 6238)."""

import hashlib
import hmac
import io
import mmap
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final, overload

import pyotp
import segno
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from engine.errors import SettingsError
from engine.sign_in.records import normalised

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
        """Return the hash to keep."""
        return self._hasher.hash(normalised(password))

    def verify(self, password: str, kept: str | None) -> bool:
        """Check a password; an unknown actor takes as long as a known one."""
        right = self._hasher.verify(normalised(password), kept or self._stand_in)
        return right and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Return whether a hash was made with other parameters than a new one would be."""
        return self._hasher.current_hasher.check_needs_rehash(kept)


def _hasher(memory_kib: int, passes: int) -> PasswordHash:
    return PasswordHash((Argon2Hasher(memory_cost=memory_kib, time_cost=passes, parallelism=1),))


@cache
def _stand_in(memory_kib: int, passes: int) -> str:
    return _hasher(memory_kib, passes).hash(_NOBODY)


WIDTH: Final = 6
SHIPPED: Final = Path(__file__).with_name("common_passwords.bin")


class CommonPasswords:
    """Says whether a password is in a file that `packed` made."""

    def __init__(self, file: Path = SHIPPED) -> None:
        """Open a file; raises `SettingsError` when it is not one."""
        size = file.stat().st_size if file.is_file() else 0
        if size == 0 or size % WIDTH:
            raise SettingsError(problem=f"{file.name} is no list of passwords.", remedy="Install ICMC again.")
        with file.open("rb") as opened:
            self._known = _Hashes(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))

    def __contains__(self, password: object) -> bool:
        """Return whether a password is common."""
        return isinstance(password, str) and self.has(password)

    def has(self, password: str) -> bool:
        """Return whether a password is common, whatever the size of its letters."""
        wanted = _hashed(password)
        place = bisect_left(self._known, wanted)
        return place < len(self._known) and self._known[place] == wanted


def packed(passwords: Iterable[str]) -> bytes:
    """Return the content of a file for a list of passwords."""
    return b"".join(sorted({_hashed(password) for password in passwords}))


@cache
def shipped() -> CommonPasswords:
    """Open the list that comes with this release, once."""
    return CommonPasswords()


class _Hashes(Sequence[bytes]):
    """The hashes of a file, by their place."""

    def __init__(self, content: mmap.mmap) -> None:
        self._content = content

    def __len__(self) -> int:
        return len(self._content) // WIDTH

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return self._content[index * WIDTH : (index + 1) * WIDTH]


def _hashed(password: str) -> bytes:
    return hashlib.sha256(normalised(password).casefold().encode()).digest()[:WIDTH]


ISSUER: Final = "ICMC"
STEP_SECONDS: Final = 30
_DIGITS: Final = 6


class TotpCodes:
    """Makes secrets and checks codes."""

    def new_secret(self) -> str:
        """Return a secret of 160 bits, as text that can be typed."""
        return pyotp.random_base32()

    def address(self, secret: str, *, account: str) -> str:
        """Return the address by which an authenticator learns a secret."""
        return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=ISSUER)

    def step_of(self, secret: str, code: str, *, at: datetime) -> int | None:
        """Return which thirty seconds a code belongs to, of those before, at and after an instant; None for none."""
        typed = "".join(code.split())
        if len(typed) != _DIGITS or not (typed.isascii() and typed.isdigit()):
            return None
        present = int(at.timestamp()) // STEP_SECONDS
        totp = pyotp.TOTP(secret)
        fits = [step for step in (present - 1, present, present + 1) if _same(totp.generate_otp(step), typed)]
        return fits[0] if fits else None


def picture(address: str) -> str:
    """Draw an address as a QR code, in SVG."""
    drawn = io.BytesIO()
    segno.make(address, error="m").save(drawn, kind="svg", scale=5, border=4, xmldecl=False, svgns=True)
    return drawn.getvalue().decode("utf-8")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
