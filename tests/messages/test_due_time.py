"""How a message says when something is due, and until when a limit of the law in days is kept."""

from datetime import UTC, datetime

import pytest

from engine.messages.actions.writing import due_time

DUE = datetime(2026, 8, 13, 20, 35, tzinfo=UTC)
MIDNIGHT, CLOSING = datetime(2026, 8, 14, 18, 30, tzinfo=UTC), datetime(2026, 8, 17, 11, 30, tzinfo=UTC)
ZONE = "Asia/Kolkata"


@pytest.mark.parametrize(
    ("late", "language", "said"),
    [
        (None, "en", "14 Aug 2026, 02:05 (Asia/Kolkata)"),
        (MIDNIGHT, "en", "the end of 14 Aug 2026 (due from 02:05; Asia/Kolkata)"),
        (CLOSING, "en", "17:00 on 17 Aug 2026 (due from 14 Aug 2026, 02:05; Asia/Kolkata)"),
        (MIDNIGHT, "hi", "14 Aug 2026, 02:05-24:00 (Asia/Kolkata)"),
        (CLOSING, "bn", "14 Aug 2026, 02:05 - 17 Aug 2026, 17:00 (Asia/Kolkata)"),
    ],
)
def test_both_instants_are_told_and_no_word_of_english_in_another_language(
    late: datetime | None, language: str, said: str
) -> None:
    assert due_time(DUE, ZONE, late, language=language) == said


def test_what_is_not_due_is_not_told() -> None:
    assert due_time(None, ZONE) == ""
