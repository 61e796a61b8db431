"""Offer the files of a case where a form asks for one."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from engine.domain.files import FileKind
from engine.views import FieldView, FileView

KINDS: Final[Mapping[str, str]] = {
    FileKind.IDENTITY.value: "Identity document",
    FileKind.ORDER.value: "Order or letter from an authority",
    FileKind.MEDICAL.value: "Medical document",
    FileKind.PICTURE.value: "Picture or film",
    FileKind.STATEMENT.value: "Statement",
    FileKind.CONSENT.value: "Signed consent",
    FileKind.OTHER.value: "Something else",
}


def with_files(
    fields: Iterable[FieldView], names: frozenset[str], files: Iterable[FileView], zone: str
) -> tuple[FieldView, ...]:
    """Give the questions with the files to choose from at those that are named; without files they stay as they are.

    What can be read no more, or is held back, is not offered.
    """
    numbered = enumerate(files, start=1)
    offered = {
        str(file.id): _words(number, file, zone)
        for number, file in numbered
        if file.is_readable and not file.is_held_back
    }
    if not offered:
        return tuple(fields)
    return tuple(field.model_copy(update={"choices": offered}) if field.name in names else field for field in fields)


def _words(number: int, file: FileView, zone: str) -> str:
    return f"{number}. {KINDS.get(file.kind, file.kind)}, {-(-file.size // 1000)} kB, {_local(file.added_at, zone)}"


def _local(instant: datetime, zone: str) -> str:
    return f"{instant.astimezone(ZoneInfo(zone)):%d %b %Y, %H:%M}"
