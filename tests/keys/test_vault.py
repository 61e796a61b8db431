"""The vault: what is sealed opens only in its place and with its key, and never falls back to plain text."""

import base64
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from engine.core.keys import place_key
from engine.errors import DamagedError, KeyMissingError
from engine.keys.key_file import KeyFile
from engine.keys.periods import KeyRing
from engine.keys.vault import LOOK_AGAIN, StoredKey, Vault
from tests.kit.database import KeysInMemory

FILE = KeyFile(current="k", keys={"k": b"k" * 32}, chain=b"c" * 32, blind=b"b" * 32)
CASE, ROW, OTHER, NETWORK = uuid4(), uuid4(), uuid4(), uuid4()
KEY_ID = 3 + 1 + 16 + 4
PLACE = {"table": "answer", "row": ROW, "column": "words"}


class Ticks:
    """A clock of a process that tests move on."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def vault_of(keys: KeysInMemory, file: KeyFile = FILE, ticks: Ticks | None = None) -> Vault:
    return Vault(KeyRing(file), keys, ticks=ticks or Ticks())


def encrypt(vault: Vault, value: str = "Kamala", key_of: UUID = CASE) -> bytes:
    return vault.encrypt(value, key_of=key_of, **PLACE)  # type: ignore[arg-type]


def decrypt(vault: Vault, encrypted: bytes) -> object:
    return vault.decrypt(encrypted, **PLACE)  # type: ignore[arg-type]


def test_what_was_sealed_opens_in_its_place() -> None:
    vault = vault_of(KeysInMemory())
    assert decrypt(vault, encrypt(vault)) == "Kamala"


def test_a_number_of_any_length_comes_back_as_it_was() -> None:
    vault = vault_of(KeysInMemory())
    told = {"account": 10**20 + 1, "share": 0.5}
    assert decrypt(vault, vault.encrypt(told, key_of=OTHER, **PLACE)) == told  # type: ignore[arg-type]


def test_two_seals_of_one_value_look_different() -> None:
    vault = vault_of(KeysInMemory())
    assert encrypt(vault) != encrypt(vault)


@pytest.mark.parametrize(
    ("table", "row", "column"), [("report", ROW, "words"), ("answer", OTHER, "words"), ("answer", ROW, "x")]
)
def test_what_was_moved_to_another_place_does_not_open(table: str, row: UUID, column: str) -> None:
    vault = vault_of(KeysInMemory())
    with pytest.raises(DamagedError):
        vault.decrypt(encrypt(vault), table=table, row=row, column=column)


def test_a_seal_names_its_form_its_algorithm_and_its_key() -> None:
    encrypted = encrypt(vault_of(KeysInMemory()))
    assert encrypted[:4] == b"v2|\x01"
    assert encrypted[4:KEY_ID] == CASE.bytes + (1).to_bytes(4, "big")


def test_a_seal_cut_short_or_changed_anywhere_is_damage_or_has_no_key() -> None:
    vault = vault_of(KeysInMemory())
    encrypted = encrypt(vault)
    for length in range(len(encrypted)):
        with pytest.raises((DamagedError, KeyMissingError)):
            decrypt(vault, encrypted[:length])
    for place in range(len(encrypted)):
        changed = encrypted[:place] + bytes([encrypted[place] ^ 1]) + encrypted[place + 1 :]
        with pytest.raises(KeyMissingError if 4 <= place < KEY_ID else DamagedError):
            decrypt(vault, changed)


def test_a_value_sealed_under_one_key_does_not_open_as_if_under_another() -> None:
    keys = KeysInMemory()
    vault = vault_of(keys)
    first, second = encrypt(vault), encrypt(vault, key_of=OTHER)
    with pytest.raises(DamagedError):
        decrypt(vault, second[:KEY_ID] + first[KEY_ID:])
    keys.kept[CASE, 2] = StoredKey(2, keys.kept[CASE, 1].wrapped, "k")
    with pytest.raises(DamagedError):
        decrypt(vault, first[: KEY_ID - 1] + b"\x02" + first[KEY_ID:])


def test_plain_text_is_not_taken_for_something_sealed() -> None:
    with pytest.raises(DamagedError):
        decrypt(vault_of(KeysInMemory()), b"Kamala")


def test_another_key_file_does_not_open_what_was_sealed() -> None:
    keys = KeysInMemory()
    encrypted = encrypt(vault_of(keys))
    with pytest.raises(KeyMissingError):
        decrypt(vault_of(keys, replace(FILE, current="z", keys={"z": b"z" * 32})), encrypted)
    with pytest.raises(DamagedError):
        decrypt(vault_of(keys, replace(FILE, keys={"k": b"z" * 32})), encrypted)


def test_a_cases_key_is_wrapped_by_the_key_of_its_organisation_and_that_one_by_the_key_file() -> None:
    keys = KeysInMemory(organisations={CASE: NETWORK})
    encrypted = encrypt(vault_of(keys))
    assert keys.kept[CASE, 1].wrapped_by == f"{NETWORK}/1"
    assert keys.kept[NETWORK, 1].wrapped_by == "k"
    assert decrypt(vault_of(keys), encrypted) == "Kamala"
    del keys.kept[NETWORK, 1]
    with pytest.raises(KeyMissingError):
        decrypt(vault_of(keys), encrypted)


def test_a_key_wrapped_for_one_owner_does_not_open_for_another() -> None:
    keys = KeysInMemory(organisations={CASE: NETWORK, OTHER: NETWORK})
    vault = vault_of(keys)
    encrypted = [encrypt(vault), encrypt(vault, key_of=OTHER)]
    keys.kept[CASE, 1], keys.kept[OTHER, 1] = keys.kept[OTHER, 1], keys.kept[CASE, 1]
    for value in encrypted:
        with pytest.raises(DamagedError):
            decrypt(vault_of(keys), value)


def test_the_places_of_a_case_have_a_key_of_their_own() -> None:
    keys = KeysInMemory()
    vault = vault_of(keys)
    words, place = encrypt(vault), encrypt(vault, "Blue house", key_of=place_key(CASE))
    keys.destroy(place_key(CASE))
    vault.forget()
    assert decrypt(vault, words) == "Kamala"
    with pytest.raises(KeyMissingError):
        decrypt(vault, place)


def test_a_destroyed_key_is_forgotten_within_a_second_and_never_made_again() -> None:
    keys, ticks = KeysInMemory(), Ticks()
    vault = vault_of(keys, ticks=ticks)
    encrypted = encrypt(vault)
    keys.destroy(CASE)
    ticks.at = LOOK_AGAIN + 0.01
    with pytest.raises(KeyMissingError):
        decrypt(vault, encrypted)
    with pytest.raises(KeyMissingError):
        encrypt(vault)


def test_a_key_that_another_question_brought_along_is_used_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    keys, ticks = KeysInMemory(), Ticks()
    encrypted = encrypt(vault_of(keys))
    vault = vault_of(keys, ticks=ticks)
    vault.take_along(0, 0.0, CASE, keys.newest(CASE))
    for question in ("newest", "version", "epoch"):
        monkeypatch.setattr(keys, question, None)
    assert decrypt(vault, encrypted) == "Kamala"
    assert encrypt(vault)[KEY_ID - 20 : KEY_ID - 4] == CASE.bytes


def test_a_key_that_was_brought_along_is_forgotten_once_it_is_destroyed() -> None:
    keys, ticks = KeysInMemory(), Ticks()
    encrypted = encrypt(vault_of(keys))
    vault, brought = vault_of(keys, ticks=ticks), keys.newest(CASE)
    vault.take_along(0, 0.0, CASE, brought)
    keys.destroy(CASE)
    vault.take_along(1, 0.5, OTHER, None)  # the next question says so, before the second is over
    with pytest.raises(KeyMissingError):
        decrypt(vault, encrypted)
    vault.take_along(0, 0.6, CASE, brought)  # what was seen before comes late
    with pytest.raises(KeyMissingError):
        decrypt(vault, encrypted)
    vault.take_along(-1, 0.7, CASE, brought)  # and in the midst of a transaction that destroys keys
    with pytest.raises(KeyMissingError):
        encrypt(vault)


def test_what_was_brought_along_counts_from_when_it_was_asked() -> None:
    keys, ticks = KeysInMemory(), Ticks()
    vault = vault_of(keys, ticks=ticks)
    encrypted = encrypt(vault)
    keys.destroy(CASE)
    ticks.at = LOOK_AGAIN + 0.5  # for so long the answer was waited for
    vault.take_along(0, 0.1, OTHER, None)
    with pytest.raises(KeyMissingError):
        decrypt(vault, encrypted)


def test_a_key_that_has_sealed_too_often_is_followed_by_its_next_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.keys.vault._COUNTED", 2)
    monkeypatch.setattr("engine.keys.vault._MOST_USES", 4)
    keys = KeysInMemory()
    vault = vault_of(keys)
    encrypted = [encrypt(vault) for _ in range(9)]
    assert [int.from_bytes(value[KEY_ID - 4 : KEY_ID], "big") for value in encrypted] == [1] * 4 + [2] * 4 + [3]
    assert {str(decrypt(vault_of(keys), value)) for value in encrypted} == {"Kamala"}


def test_a_damaged_wrapped_key_is_damage() -> None:
    keys = KeysInMemory()
    encrypted = encrypt(vault_of(keys))
    for wrapped in (b"", b"short", keys.kept[CASE, 1].wrapped[:-1]):
        keys.kept[CASE, 1] = StoredKey(1, wrapped, "k")
        with pytest.raises(DamagedError):
            decrypt(vault_of(keys), encrypted)
    keys.kept[CASE, 1] = StoredKey(1, bytes(64), "no-organisation/1")
    with pytest.raises(DamagedError):
        decrypt(vault_of(keys), encrypted)


def test_a_blind_token_is_the_same_for_the_same_value_key_and_organisation_only() -> None:
    vault, other = vault_of(KeysInMemory()), vault_of(KeysInMemory(), replace(FILE, blind=b"x" * 32))
    assert vault.blind("phone", "123") == vault.blind("phone", "123")
    [ours] = vault.finding("phone", "123", organisation_id=NETWORK).values()
    assert [ours] == [*vault.finding("phone", "123", organisation_id=NETWORK).values()]
    [theirs] = vault.finding("phone", "123", organisation_id=OTHER).values()
    tokens = {vault.blind("phone", "123"), vault.blind("name", "123"), other.blind("phone", "123"), ours, theirs}
    assert len(tokens) == 5


def test_no_key_is_in_what_python_shows_of_the_vault_its_file_or_its_errors() -> None:
    keys = KeysInMemory()
    vault = vault_of(keys)
    encrypted = encrypt(vault)
    shown = f"{FILE!r} {FILE} {KeyRing(FILE)!r} {vault!r} {vault._newest!r} {vault._open!r}"
    with pytest.raises(KeyMissingError) as missing:
        decrypt(vault_of(KeysInMemory()), encrypted)
    shown += f"{missing.value!r} {missing.value}"
    for secret in (FILE.chain, FILE.blind, FILE.keys["k"]):
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown
        assert base64.b64encode(secret).decode() not in shown
