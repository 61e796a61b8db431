"""Which passwords are taken, how they are kept, and the codes of an authenticator."""

import base64
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from engine.errors import SettingsError
from engine.sign_in.passwords import WIDTH, Argon2Passwords, CommonPasswords, TotpCodes, packed, picture, shipped
from engine.sign_in.records import LONGEST_PASSWORD as LONGEST
from engine.sign_in.records import normalised, problem_of

COMMON = {"password", "correcthorsebatterystaple", "iloveyou", "sunshine1"}
CONTEXT = ("Mary Lyngdoh", "mary.lyngdoh@example.org", "Hill office", "Impulse Network")


def problem(password: str, *, has_factor: bool = False) -> str:
    return problem_of(
        password, has_factor=has_factor, context=CONTEXT, is_common=lambda word: word.casefold() in COMMON
    )


@pytest.mark.parametrize(
    ("length", "has_factor", "fits"), [(14, False, False), (15, False, True), (7, True, False), (8, True, True)]
)
def test_how_long_it_must_be_depends_on_a_second_factor(length: int, *, has_factor: bool, fits: bool) -> None:
    assert (problem("qzvkwxjpmhbftdc"[:length], has_factor=has_factor) == "") is fits


@pytest.mark.parametrize(
    "password",
    [
        "three quiet boats at noon", "नदी के पार तीन नावें हैं", "🚣🚣🛶 at noon, slowly", "   spaces around it   ",
        "nineteen larks, " + "no rows of keys and no runs " * 4,
    ],
)  # fmt: skip
def test_no_kind_of_character_is_asked_for_or_refused(password: str) -> None:
    assert problem(password) == ""


def test_longer_than_anybody_types_is_refused() -> None:
    assert problem("ab cd" * (LONGEST // 5)) == ""
    assert problem("ab cd" * (LONGEST // 5) + "x")


@pytest.mark.parametrize("password", [
    "CorrectHorseBatteryStaple", "passwordpassword", "Password1234567!", "!!!iloveyou!!!!!2026", "sunshine1sunshine1",
])  # fmt: skip
def test_what_is_tried_first_is_refused_however_it_is_dressed(password: str) -> None:
    assert "easy to guess" in problem(password)


@pytest.mark.parametrize(
    "password",
    [
        "qqqqqqqqqqqqqqqqqq", "q" * 7 + "w" * 58 + "e" * 63, "abcdefghijklmnopqr", "ABCDEFGHIJKLMNOPQR",
        "qwertyuiopasdfgh", "qwertzuiopyxcvbnm", "qwerty123456asdfgh", "poiuytrewq987654321",
        "483920175639201", "!$%/()=?*#+-_.:;", "\u0430" * 18, "१२३४५६७८९०१२३४५",
    ],
)  # fmt: skip
def test_one_kind_of_sign_runs_and_rows_of_keys_are_refused(password: str) -> None:
    assert "easy to guess" in problem(password)


@pytest.mark.parametrize("password", ["qzvkwxjp", "abc-herons-9", "qwertyboats12345herons"])
def test_a_run_among_other_signs_is_fine(password: str) -> None:
    assert problem(password, has_factor=True) == ""


@pytest.mark.parametrize(
    "password", ["marylyngdoh2026!!", "HillOffice-Impulse", "icmc-icmc-icmc-icmc", "Lyngdoh Lyngdoh x"]
)
def test_what_is_known_of_somebody_makes_no_password(password: str) -> None:
    assert "name" in problem(password)


def test_a_name_among_other_words_is_fine() -> None:
    assert problem("mary counts seven herons") == ""


def test_one_password_is_the_same_on_every_keyboard() -> None:
    composed = "trois fenêtres ouvertes"
    apart = unicodedata.normalize("NFD", composed)
    assert apart != composed
    assert normalised(apart) == normalised(composed)
    assert normalised("  kept as it is  ") == "  kept as it is  "


WEAKER = Argon2Passwords(memory_kib=8 * 1024, passes=1)
PASSWORDS = Argon2Passwords()


def test_a_hash_is_argon2id_of_at_least_19_mib_and_two_passes() -> None:
    assert PASSWORDS.hash("three quiet boats").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_password_fits_its_hash_however_its_letters_are_put_together() -> None:
    kept = PASSWORDS.hash("fen\u00eatre")
    assert PASSWORDS.verify("fene\u0302tre", kept)
    assert not PASSWORDS.verify("fenetre", kept)
    assert not PASSWORDS.verify("fen\u00eatre", None)


def test_a_hash_of_other_parameters_is_known_as_outdated() -> None:
    assert PASSWORDS.is_outdated(WEAKER.hash("x"))
    assert not PASSWORDS.is_outdated(PASSWORDS.hash("x"))


@pytest.mark.parametrize("password", ["password", "PASSWORD", "123456789", "iloveyou", "football", "qwertyuiop"])
def test_what_is_tried_first_is_on_the_list(password: str) -> None:
    assert shipped().has(password)


def test_what_nobody_tries_is_not() -> None:
    assert not any(shipped().has(f"three quiet boats {number}") for number in range(1000))
    assert shipped()._known[0] < shipped()._known[len(shipped()._known) - 1]


def test_a_list_is_packed_in_order_and_once(tmp_path: Path) -> None:
    file = tmp_path / "list.bin"
    file.write_bytes(packed(["one", "ONE", "two", "three"]))
    assert file.stat().st_size == 3 * WIDTH
    listed = CommonPasswords(file)
    assert [listed.has(word) for word in ("One", "two", "three", "four")] == [True, True, True, False]


@pytest.mark.parametrize("content", [b"", b"12345"])
def test_a_file_that_is_no_list_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "list.bin"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"list\.bin is no list of passwords"):
        CommonPasswords(file)


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
