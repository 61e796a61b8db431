"""How passwords are kept, and the list of those that are tried first."""

from pathlib import Path

import pytest

from engine.errors import SettingsError
from engine.sign_in.passwords import WIDTH, Argon2Passwords, CommonPasswords, packed, shipped

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
