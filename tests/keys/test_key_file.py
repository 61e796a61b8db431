"""The key file, made once and closed to others; every encrypted column in the inventory of keys."""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

from engine.core.keys import KEPT_CLEAR
from engine.db.encrypted_columns import ENCRYPTED
from engine.db.tables import METADATA
from engine.db.tables.fields import Encrypted
from engine.errors import KeyMissingError, SettingsError
from engine.keys.key_changes import add_key, remove_key
from engine.keys.key_file import read_key_file, read_or_create_key_file
from engine.keys.periods import open_key_ring
from engine.settings import Settings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "keys" / "k.json"
    read_or_create_key_file(made)
    return made


def test_a_key_file_is_made_once_and_only_its_owner_may_read_it(path: Path) -> None:
    assert read_or_create_key_file(path) == read_or_create_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o400
    assert [file.name for file in path.parent.iterdir()] == ["k.json"]


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o420, 0o644, 0o660, 0o410])
def test_a_key_file_that_others_may_read_is_refused_with_the_remedy(path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(SettingsError, match="chmod 0400"):
        read_or_create_key_file(path)
    path.chmod(0o600)
    read_or_create_key_file(path)


def test_a_credential_of_systemd_may_show_a_group_and_is_used_unless_a_file_is_named(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = tmp_path / "credentials" / "icmc-keys"
    handed.parent.mkdir()
    handed.write_bytes(path.read_bytes())
    handed.chmod(0o440)
    with pytest.raises(SettingsError):
        read_key_file(handed)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed.parent))
    monkeypatch.delenv("ICMC_KEY_FILE", raising=False)
    assert Settings(data_folder=tmp_path).keys == handed
    assert read_key_file(handed) == read_key_file(path)
    assert Settings(data_folder=tmp_path, key_file=path).keys == path
    handed.chmod(0o444)
    with pytest.raises(SettingsError):
        read_key_file(handed)


@pytest.mark.parametrize("content", [
    "", "[]", "{}", "null", '{"current": "k", "keys": [], "chain": "", "blind": ""}',
    '{"current": "k", "keys": {"k": "c2hvcnQ="}, "chain": "c2hvcnQ=", "blind": "c2hvcnQ="}',
])  # fmt: skip
def test_a_key_file_that_cannot_be_used_is_refused_with_the_remedy(tmp_path: Path, content: str) -> None:
    path = tmp_path / "k.json"
    path.write_text(content)
    path.chmod(0o400)
    with pytest.raises(SettingsError) as refused:
        read_or_create_key_file(path)
    assert "backup" in str(refused.value)
    assert path.read_text() == content


def test_a_new_key_becomes_the_current_one_and_what_else_the_file_holds_stays(path: Path) -> None:
    before = read_key_file(path)
    content = json.loads(path.read_text()) | {"signing": "of another release"}
    path.chmod(0o600)
    path.write_text(json.dumps(content))
    made = add_key(path)
    after = read_key_file(path)
    assert (after.current, after.chain, after.blind) == (made, before.chain, before.blind)
    assert after.keys == {**before.keys, made: after.keys[made]}
    assert json.loads(path.read_text())["signing"] == "of another release"
    assert path.stat().st_mode & 0o777 == 0o400
    assert [file.name for file in path.parent.iterdir()] == ["k.json"]


def test_a_key_that_is_not_current_can_be_taken_out(path: Path) -> None:
    old = read_key_file(path).current
    with pytest.raises(SettingsError):
        remove_key(path, old)
    new = add_key(path)
    with pytest.raises(KeyMissingError):
        remove_key(path, "no-such-key")
    remove_key(path, old)
    assert set(read_key_file(path).keys) == {new}


def test_a_ring_reads_the_file_again_for_a_key_that_it_does_not_know(path: Path) -> None:
    ring = open_key_ring(path)
    made = add_key(path)
    assert ring.file.current != made
    assert ring.key(made) == read_key_file(path).keys[made]
    assert ring.file.current == made
    with pytest.raises(KeyMissingError):
        ring.key("no-such-key")


PAGE = Path(__file__).parents[2] / "docs" / "reference" / "keys.md"


def test_every_sealed_column_is_in_the_inventory_once() -> None:
    tables = METADATA.sorted_tables
    columns = [
        (table.name, column.name) for table in tables for column in table.c if isinstance(column.type, Encrypted)
    ]
    assert sorted((encrypted.table, encrypted.column) for encrypted in ENCRYPTED) == sorted(columns)


def test_the_page_says_what_the_inventory_says() -> None:
    rows = re.findall(r"^\| `(\w+)\.(\w+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sorted(rows) == sorted((encrypted.table, encrypted.column, encrypted.of) for encrypted in ENCRYPTED)


def test_the_page_lists_what_is_readable_with_its_reason() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == _with_list(page), "run: python -m tests.keys.test_key_file, and commit the page"


def _with_list(page: str) -> str:
    """Write the list of what is kept in clear into the page."""
    by_reason: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for place, reason in KEPT_CLEAR.items():
        table, _, column = place.partition(".")
        by_reason[reason][table].append(column)
    lines = [
        f"| {reason} | {'; '.join(f'`{table}`: {_names(columns)}' for table, columns in tables.items())} |"
        for reason, tables in by_reason.items()
    ]
    begin, end = "| Reason | What is readable |\n|---|---|\n", "\n\n## Files"
    head, tail = page.split(begin, maxsplit=1)[0], page.split(end)[1]
    return f"{head}{begin}{chr(10).join(lines)}{end}{tail}"


def _names(columns: list[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns)


if __name__ == "__main__":
    PAGE.write_text(_with_list(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
