"""What every command reads in the same way."""

from datetime import UTC, datetime

import pytest
import typer

from engine.web.terminal import read_instant


def test_an_instant_is_read_with_its_zone() -> None:
    assert read_instant("2026-03-07T18:40+05:30") == datetime(2026, 3, 7, 13, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("last Tuesday", "write it like"),
        ("2026-03-07T18:40", "in which time zone"),
        ("9999-12-31T23:59-14:00", "write it like"),
        ("0001-01-01T00:00+14:00", "write it like"),
    ],
)
def test_any_other_text_ends_with_words(text: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        read_instant(text)
    assert told in capsys.readouterr().err
