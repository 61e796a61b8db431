"""Passwords stay in one private file."""

import stat
from pathlib import Path

import pytest

from engine.db.embedded.passwords import PasswordFile
from engine.errors import SettingsError


def test_a_password_is_made_once_and_is_private(tmp_path: Path) -> None:
    passwords = PasswordFile(tmp_path / "passwords.json")
    first = passwords.get_or_make("icmc_app")
    second = passwords.get_or_make("icmc_owner")
    assert len(first) > 40
    assert first != second
    assert passwords.get_or_make("icmc_app") == passwords.get("icmc_app") == first
    assert stat.S_IMODE(passwords.path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["passwords.json"]


@pytest.mark.parametrize(
    ("content", "mode", "sentence"),
    [
        ("{}", 0o600, "is not in"),
        ("[1]", 0o600, "JSON object"),
        ("{", 0o600, "JSON object"),
        ('{"icmc_app": "x"}', 0o644, "others may read"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(tmp_path: Path, content: str, mode: int, sentence: str) -> None:
    passwords = PasswordFile(tmp_path / "passwords.json")
    passwords.path.write_text(content)
    passwords.path.chmod(mode)
    with pytest.raises(SettingsError, match=sentence):
        passwords.get("icmc_app")
