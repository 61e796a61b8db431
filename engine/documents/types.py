"""Says what a file is by its content, and refuses what would burst when it is opened."""

import re
import zipfile
from typing import BinaryIO, Final

from PIL import Image

from engine.core.files import MEDIA_TYPES
from engine.errors import FileRefusedError

MOST_PIXELS: Final = 50_000_000
MOST_MEMBERS: Final = 1_000
MOST_UNPACKED: Final = 100_000_000
"""Bytes."""
MOST_RATIO: Final = 100
_HEAD: Final = 4_096
_STEP: Final = 65_536
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1"})
_MP4_BRANDS: Final = frozenset(
    {
        b"isom",
        b"iso2",
        b"iso4",
        b"iso5",
        b"iso6",
        b"mp41",
        b"mp42",
        b"avc1",
        b"M4V ",
        b"M4A ",
        b"M4B ",
        b"dash",
        b"3gp4",
        b"3gp5",
    }
)
_OFFICE: Final = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx"}
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_STARTS: Final = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"%PDF-": "application/pdf",
    b"ID3": "audio/mpeg",
}
_MP3_FRAME: Final = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")
_TOO_MANY_PIXELS: Final = f"This picture has too many pixels: at most {MOST_PIXELS // 1_000_000} million."
_NO_MATCH: Final = "What is in this file is not what its name says."


def media_type_of(content: BinaryIO, name: str) -> str:
    """Give the media type that name and content agree on; raises `FileRefusedError` for anything else, or a bomb."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    expected = MEDIA_TYPES.get(ending)
    if expected is None:
        raise FileRefusedError(why=f"Files of this kind are not taken. These are: {', '.join(MEDIA_TYPES)}.")
    content.seek(0)
    head = content.read(_HEAD)
    if expected not in _by_head(content, head, ending):
        raise FileRefusedError(why=_NO_MATCH)
    if expected in {"image/jpeg", "image/png"}:
        _look_at_picture(content, expected)
    return expected


def _by_head(content: BinaryIO, head: bytes, ending: str) -> frozenset[str]:
    """Give what the content may be."""
    for start, media_type in _STARTS.items():
        if head.startswith(start):
            return frozenset({media_type})
    if head[4:8] == b"ftyp":
        return _of_brand(head[8:12])
    if head.startswith(b"PK\x03\x04"):
        return frozenset({MEDIA_TYPES[_office_kind(content)]})
    if _MP3_FRAME.match(head):
        return frozenset({"audio/mpeg"})
    if ending in {"txt", "csv"} and _is_text(content):
        return frozenset({"text/plain", "text/csv"})
    return frozenset()


def _of_brand(brand: bytes) -> frozenset[str]:
    if brand in _HEIC_BRANDS:
        return frozenset({"image/heic"})
    return frozenset({"audio/mp4", "video/mp4"}) if brand in _MP4_BRANDS else frozenset()


def _is_text(content: BinaryIO) -> bool:
    content.seek(0)
    while step := content.read(_STEP):
        if _CONTROLS.search(step):
            return False
    return True


def _office_kind(content: BinaryIO) -> str:
    """Say whether a packed file is a text or a table, and that it does not burst; raises `FileRefusedError`."""
    try:
        with zipfile.ZipFile(content) as packed:
            members = packed.infolist()
            _refuse_bomb(packed, members)
            names = {member.filename for member in members}
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError, RuntimeError, zipfile.zlib.error):  # type: ignore[attr-defined]
        raise FileRefusedError(why="This file is damaged, or locked with a password.") from None
    kinds = [kind for part, kind in _OFFICE.items() if part in names]
    if "[Content_Types].xml" not in names or len(kinds) != 1:
        raise FileRefusedError(why=_NO_MATCH)
    if any(name.lower().endswith((".bin", ".exe", ".js", ".vbs", ".dll")) for name in names):
        raise FileRefusedError(why="This file holds a program (macros or an embedded object): save it without.")
    return kinds[0]


def _refuse_bomb(packed: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Count what really comes out, since what a packed file says of itself may be a lie."""
    if len(members) > MOST_MEMBERS:
        raise FileRefusedError(why=f"This file holds too many parts: at most {MOST_MEMBERS}.")
    if len({member.filename for member in members}) != len(members):
        raise FileRefusedError(why="This file is damaged: two of its parts have one name.")
    size = unpacked = 0
    for member in members:
        size += member.compress_size
        with packed.open(member) as part:
            while step := part.read(_STEP):
                unpacked += len(step)
                if unpacked > MOST_UNPACKED:
                    raise FileRefusedError(why=f"This file unpacks to more than {MOST_UNPACKED // 1_000_000} MB.")
    if unpacked > MOST_RATIO * max(size, 1):
        raise FileRefusedError(why=f"This file unpacks to more than {MOST_RATIO} times its size.")


def _look_at_picture(content: BinaryIO, media_type: str) -> None:
    """Refuse a picture with too many pixels before any of them is unpacked; raises `FileRefusedError`."""
    try:
        content.seek(0)
        with Image.open(content, formats=("JPEG", "PNG")) as picture:
            require_few_pixels(picture)
            is_of_type = Image.MIME.get(picture.format or "") == media_type
    except Image.DecompressionBombError:
        raise FileRefusedError(why=_TOO_MANY_PIXELS) from None
    except FileRefusedError:
        raise
    except Exception:  # noqa: BLE001 - a decoder may fail on a hostile file in any way
        raise FileRefusedError(why="This picture is damaged.") from None
    if not is_of_type:
        raise FileRefusedError(why=_NO_MATCH)


def require_few_pixels(picture: Image.Image) -> None:
    """Refuse a picture by what its head says, before any pixel is unpacked; raises `FileRefusedError`."""
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise FileRefusedError(why=_TOO_MANY_PIXELS)
