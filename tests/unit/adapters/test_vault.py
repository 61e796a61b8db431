"""The vault: what is sealed opens only in its place and with its key, and never falls back to plain text."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from engine.adapters.key_file import KeyFile, read_or_create_key_file
from engine.adapters.vault import KeyVault
from engine.errors import DamagedError, KeyMissingError, SettingsError

FILE = KeyFile(current="k", keys={"k": b"k" * 32}, chain=b"c" * 32, blind=b"b" * 32)
CASE, ROW, OTHER = uuid4(), uuid4(), uuid4()


class Keys:
    """The table of wrapped keys."""

    def __init__(self) -> None:
        self.kept: dict[UUID, tuple[bytes, str]] = {}

    def vault(self, file: KeyFile = FILE) -> KeyVault:
        return KeyVault(
            file, load=self.kept.get, store=lambda owner, wrapped, by: self.kept.setdefault(owner, (wrapped, by))
        )


def seal(vault: KeyVault, value: str = "Kamala") -> bytes:
    return vault.seal(value, key_of=CASE, table="answer", row=ROW, column="words")


def test_what_was_sealed_opens_in_its_place() -> None:
    vault = Keys().vault()
    assert vault.unseal(seal(vault), table="answer", row=ROW, column="words") == "Kamala"


def test_two_seals_of_one_value_look_different() -> None:
    vault = Keys().vault()
    assert seal(vault) != seal(vault)


@pytest.mark.parametrize(
    ("table", "row", "column"), [("report", ROW, "words"), ("answer", OTHER, "words"), ("answer", ROW, "x")]
)
def test_what_was_moved_to_another_place_does_not_open(table: str, row: UUID, column: str) -> None:
    vault = Keys().vault()
    with pytest.raises(DamagedError):
        vault.unseal(seal(vault), table=table, row=row, column=column)


def test_a_seal_cut_short_or_changed_anywhere_is_damage_and_nothing_else() -> None:
    vault = Keys().vault()
    sealed = seal(vault)
    for length in range(len(sealed)):
        with pytest.raises(DamagedError):
            vault.unseal(sealed[:length], table="answer", row=ROW, column="words")
    for place in range(3 + 16, len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(DamagedError):
            vault.unseal(changed, table="answer", row=ROW, column="words")


def test_plain_text_is_not_taken_for_something_sealed() -> None:
    with pytest.raises(DamagedError):
        Keys().vault().unseal(b"Kamala", table="answer", row=ROW, column="words")


def test_another_key_file_does_not_open_what_was_sealed() -> None:
    keys = Keys()
    sealed = seal(keys.vault())
    with pytest.raises(KeyMissingError):
        keys.vault(replace(FILE, current="z", keys={"z": b"z" * 32})).unseal(
            sealed, table="answer", row=ROW, column="words"
        )
    with pytest.raises(DamagedError):
        keys.vault(replace(FILE, keys={"k": b"z" * 32})).unseal(sealed, table="answer", row=ROW, column="words")


def test_a_destroyed_key_leaves_nothing_to_read_once_it_is_forgotten() -> None:
    keys = Keys()
    vault = keys.vault()
    sealed = seal(vault)
    keys.kept.clear()
    vault.forget()
    with pytest.raises(KeyMissingError):
        vault.unseal(sealed, table="answer", row=ROW, column="words")


def test_a_damaged_wrapped_key_is_damage() -> None:
    keys = Keys()
    sealed = seal(keys.vault())
    for wrapped in (b"", b"short", keys.kept[CASE][0][:-1]):
        keys.kept[CASE] = (wrapped, "k")
        with pytest.raises(DamagedError):
            keys.vault().unseal(sealed, table="answer", row=ROW, column="words")


def test_a_blind_token_is_the_same_for_the_same_value_and_key_only() -> None:
    vault, other = Keys().vault(), Keys().vault(replace(FILE, blind=b"x" * 32))
    assert vault.blind("phone", "123") == vault.blind("phone", "123")
    assert len({vault.blind("phone", "123"), vault.blind("name", "123"), other.blind("phone", "123")}) == 3


def test_a_key_file_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "k.json"
    made = read_or_create_key_file(path)
    assert read_or_create_key_file(path) == made
    assert path.stat().st_mode & 0o777 == 0o400
    assert [file.name for file in path.parent.iterdir()] == ["k.json"]


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", "null", '{"current": "k", "keys": [], "chain": "", "blind": ""}',
        '{"current": "k", "keys": {"k": "c2hvcnQ="}, "chain": "c2hvcnQ=", "blind": "c2hvcnQ="}',
    ],
)  # fmt: skip
def test_a_key_file_that_cannot_be_used_is_refused_with_the_remedy(tmp_path: Path, content: str) -> None:
    path = tmp_path / "k.json"
    path.write_text(content)
    with pytest.raises(SettingsError) as refused:
        read_or_create_key_file(path)
    assert "backup" in str(refused.value)
    assert path.read_text() == content
