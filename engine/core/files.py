"""Files of a case: which may be added, how much, and of which sealed class they are."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from engine.core.records import Record
from engine.language.names import RestrictedCategory

PART: Final = 262_144
"""Bytes that are sealed at once."""
LARGEST: Final = 25_000_000
"""Bytes of one file."""
MOST_IN_CASE: Final = 500_000_000
"""Bytes of all files of one case."""
MOST_FILES: Final = 300
"""Files of one case."""
MOST_IN_UNIT: Final = 20_000_000_000
"""Bytes of all files of all cases of one unit."""
FIELD: Final = "person.files"
"""How a grant names files: whoever is shown who somebody is, is shown their papers."""

MEDIA_TYPES: Final = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "heic": "image/heic",
    "pdf": "application/pdf",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "txt": "text/plain",
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""The kinds of files that may be added, by how their names end."""


class FileKind(StrEnum):
    """What a file is to a case."""

    IDENTITY = "identity"
    ORDER = "order"
    MEDICAL = "medical"
    PICTURE = "picture"
    STATEMENT = "statement"
    CONSENT = "consent"
    OTHER = "other"


class Scan(StrEnum):
    """What a scanner said of a file."""

    CLEAN = "clean"
    INFECTED = "infected"
    NOT_SCANNED = "not_scanned"


class FileStatus(StrEnum):
    """How far a file has come: it arrives, it is kept, or it is held back and nobody opens it any more."""

    ARRIVING = "arriving"
    KEPT = "kept"
    HELD_BACK = "held_back"


class CaseFile(Record):
    """A file of a case, without its name and content; `copy_size` is None where no shared copy could be made."""

    id: UUID
    case_id: UUID
    unit_id: UUID
    kind: FileKind
    media_type: str
    size: int
    copy_size: int | None = None
    scan: Scan = Scan.NOT_SCANNED
    status: FileStatus = FileStatus.KEPT
    added_at: datetime
    added_by: UUID | None = None

    @property
    def is_deferred(self) -> bool:
        """Whether somebody has said that it might show a child naked or abused."""
        return self.status is FileStatus.HELD_BACK

    @property
    def restricted_categories(self) -> tuple[RestrictedCategory, ...]:
        """The sealed classes of the file: a picture or film is one whatever it is to the case."""
        by_kind = {
            FileKind.MEDICAL: RestrictedCategory.HEALTH,
            FileKind.PICTURE: RestrictedCategory.IMAGES,
            FileKind.STATEMENT: RestrictedCategory.TESTIMONY,
        }
        found = {by_kind[self.kind]} if self.kind in by_kind else set()
        if self.media_type.partition("/")[0] in {"image", "video"} and self.kind is not FileKind.IDENTITY:
            found.add(RestrictedCategory.IMAGES)
        return tuple(sorted(found))


def problem_of_quota(*, files: int, in_case: int, in_unit: int, size: int) -> str:
    """Say which limit a file of `size` bytes would break, beside what there is; empty when none."""
    if size > LARGEST:
        return f"This file is too large: at most {LARGEST // 1_000_000} MB."
    if size == 0:
        return "This file is empty."
    if files >= MOST_FILES or in_case + size > MOST_IN_CASE:
        return f"This case holds no more files: at most {MOST_FILES}, and {MOST_IN_CASE // 1_000_000} MB in all."
    if in_unit + size > MOST_IN_UNIT:
        return f"The unit holds no more files: at most {MOST_IN_UNIT // 1_000_000_000} GB in all."
    return ""
