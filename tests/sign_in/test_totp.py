"""Codes of an authenticator, by the test vectors of RFC 6238 and around the edges of thirty seconds."""

import base64
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from engine.sign_in.passwords import TotpCodes, picture

CODES = TotpCodes()
SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("second", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_the_codes_are_those_of_the_standard(second: int, code: str) -> None:
    at = datetime.fromtimestamp(second, UTC)
    assert CODES.step_of(SECRET, code, at=at) == second // 30
    assert CODES.step_of(SECRET, f" {code[:3]} {code[3:]} ", at=at) == second // 30


@pytest.mark.parametrize(("after", "fits"), [(-31, False), (-30, True), (0, True), (59, True), (60, False)])
def test_a_code_holds_thirty_seconds_before_and_after_its_own(after: int, *, fits: bool) -> None:
    begins = 1111111080
    found = CODES.step_of(SECRET, "081804", at=datetime.fromtimestamp(begins + after, UTC))
    assert found == (begins // 30 if fits else None)


@pytest.mark.parametrize("code", ["", "28708", "2870822", "28708a", "٢٨٧٠٨٢", "000000"])
def test_what_is_no_code_fits_nothing(code: str) -> None:
    assert CODES.step_of(SECRET, code, at=datetime.fromtimestamp(59, UTC)) is None


def test_a_new_secret_has_160_bits_and_is_another_each_time() -> None:
    secrets = {CODES.new_secret() for _ in range(20)}
    assert len(secrets) == 20
    assert all(len(base64.b32decode(secret)) == 20 for secret in secrets)


def test_the_picture_holds_the_address_and_nothing_that_runs() -> None:
    address = CODES.address(SECRET, account="mary@example.org")
    assert address.startswith("otpauth://totp/ICMC:mary%40example.org?secret=")
    drawn = ET.fromstring(picture(address))  # noqa: S314 - made by ourselves
    assert {element.tag.rpartition("}")[2] for element in drawn.iter()} == {"svg", "path"}
