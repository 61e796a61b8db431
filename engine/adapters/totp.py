"""Codes of an authenticator (RFC 6238: six digits, thirty seconds), and the picture by which it learns its secret."""

import hmac
import io
from datetime import datetime
from typing import Final

import pyotp
import segno

ISSUER: Final = "ICMC"
STEP_SECONDS: Final = 30
_DIGITS: Final = 6


class TotpCodes:
    """Makes secrets and checks codes."""

    def new_secret(self) -> str:
        """Give a secret of 160 bits, as text that can be typed."""
        return pyotp.random_base32()

    def address(self, secret: str, *, account: str) -> str:
        """Give the address by which an authenticator learns a secret."""
        return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=ISSUER)

    def step_of(self, secret: str, code: str, *, at: datetime) -> int | None:
        """Give which thirty seconds a code belongs to, of those before, at and after an instant; None for none."""
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
