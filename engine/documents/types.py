"""Says what a file is by its content, and makes the copy of it that is shared.

Run as a module it does so for one file, in a process that has limits; `apart` starts it, and loads none of this.
"""

import io
import json
import re
import resource
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Final

from PIL import Image, ImageOps
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject

from engine.core.files import MEDIA_TYPES, PART
from engine.documents.records import FileRefusedError

MOST_PIXELS: Final = 50_000_000
MOST_MEMBERS: Final = 1_000
MOST_UNPACKED: Final = 100_000_000
"""Bytes."""
MOST_RATIO: Final = 100
_HEAD: Final = 4_096
_STEP: Final = 65_536
_MOST_FILES: Final = 64
_LARGEST_COPY: Final = 200_000_000
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
    """Return the media type that name and content agree on; raises `FileRefusedError` for anything else, or a bomb."""
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
    """Return what the content may be."""
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
    """Return whether a packed file is a text or a table, and that it does not burst; raises `FileRefusedError`."""
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


_HANGING: Final = frozenset({"/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"})
_DROP_FROM_PDF: Final = ("/Metadata", "/AA", "/OpenAction", "/AcroForm", "/PieceInfo", "/Perms")


def shared_copy(content: BinaryIO, media_type: str) -> Iterator[bytes] | None:
    """Return the copy in parts; None where what the file says of itself cannot be taken out with certainty."""
    clean = _CLEANERS.get(media_type)
    if clean is None:
        return None
    content.seek(0)
    try:
        cleaned = clean(content)
    except Exception:  # noqa: BLE001 - whatever fails on a hostile or odd file, no copy is made of it
        return None
    return _parts(cleaned) if cleaned else None


def _picture(content: BinaryIO, form: str) -> bytes:
    """Paint a picture anew, turned as it is to be seen: only its pixels are kept."""
    with Image.open(content, formats=(form,)) as opened:
        require_few_pixels(opened)
        pixels: Image.Image = opened
        ImageOps.exif_transpose(pixels, in_place=True)
        has_emergency = form == "PNG" and ("A" in pixels.getbands() or "transparency" in pixels.info)
        mode = "RGBA" if has_emergency else "RGB"
        if pixels.mode != mode:
            pixels = pixels.convert(mode)
            opened.close()
        bare = Image.new(mode, pixels.size)
        bare.paste(pixels)
    del pixels
    painted = io.BytesIO()
    bare.save(painted, form, **({"quality": 90} if form == "JPEG" else {}))
    return painted.getvalue()


def _jpeg(content: BinaryIO) -> bytes:
    return _picture(content, "JPEG")


def _png(content: BinaryIO) -> bytes:
    return _picture(content, "PNG")


def _text(content: BinaryIO) -> bytes:
    return content.read()


def _pdf(content: BinaryIO) -> bytes:
    """Write the pages anew, without who wrote them, hidden programs, or files inside."""
    writer = PdfWriter()
    for page in PdfReader(content).pages:
        writer.add_page(page)
        added = writer.pages[-1]
        for name in ("/Metadata", "/AA", "/PieceInfo", "/LastModified"):
            added.pop(NameObject(name), None)
        _forget_notes(added)
        _forget_below(added)
    writer.metadata = None
    for name in _DROP_FROM_PDF:
        writer.root_object.pop(NameObject(name), None)
    names = writer.root_object.get("/Names")
    if isinstance(names, DictionaryObject):
        for name in ("/JavaScript", "/EmbeddedFiles"):
            names.pop(NameObject(name), None)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def _forget_notes(page: DictionaryObject) -> None:
    """Take what a page runs out of it, the files that hang on it, and who wrote what beside it."""
    reference = page.get("/Annots")
    if reference is None:
        return
    notes = [(note, note.get_object()) for note in reference.get_object()]
    kept = [(note, said) for note, said in notes if said.get("/Subtype") not in _HANGING]
    for _, said in kept:
        for name in ("/A", "/AA") if said.get("/Subtype") == "/Widget" else ("/A", "/AA", "/T"):
            said.pop(NameObject(name), None)
    page[NameObject("/Annots")] = ArrayObject(note for note, _ in kept)


def _forget_below(page: DictionaryObject) -> None:
    """Take what pictures inside a page say of themselves out of it: their XMP, and JPEGs that carry EXIF."""
    resources = page.get("/Resources")
    pictures = resources.get_object().get("/XObject") if resources is not None else None
    for reference in pictures.get_object().values() if pictures is not None else ():
        drawn = reference.get_object()
        drawn.pop(NameObject("/Metadata"), None)
        if drawn.get("/Filter") == "/DCTDecode" and hasattr(drawn, "_data"):
            drawn._data = _bare_jpeg(drawn._data)  # noqa: SLF001 - pypdf has no other way to keep its form


def _bare_jpeg(drawn: bytes) -> bytes:
    """Save a JPEG of a page anew, as it lies and as fine as it was, without EXIF, XMP, IPTC and comments."""
    with Image.open(io.BytesIO(drawn), formats=("JPEG",)) as opened:
        require_few_pixels(opened)
        if opened.mode == "CMYK" and "adobe" not in opened.info:
            raise ValueError("Pillow would save its colours inverted")
        written = io.BytesIO()
        opened.save(written, "JPEG", quality="keep", comment=b"")
    return written.getvalue()


_CLEANERS: Final[Mapping[str, Callable[[BinaryIO], bytes]]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "application/pdf": _pdf,
    "text/plain": _text,
    "text/csv": _text,
}
"""Kinds that a maintained library writes anew; of every other one only the original is kept."""


def _parts(cleaned: bytes) -> Iterator[bytes]:
    return (cleaned[at : at + PART] for at in range(0, len(cleaned), PART))


def _limit(memory: int, cpu_seconds: int) -> None:
    """Take from this process what opening a file does not need."""
    limits = {
        resource.RLIMIT_AS: memory, resource.RLIMIT_CPU: cpu_seconds, resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: _MOST_FILES,
    }  # fmt: skip
    for kind, most in limits.items():
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            if sys.platform == "linux":
                raise


def main(ending: str, memory: str, cpu_seconds: str) -> None:
    """Read a file, say what it is in one line, and give its copy, after a line with its size."""
    _limit(int(memory), int(cpu_seconds))
    content, say = io.BytesIO(sys.stdin.buffer.read()), sys.stdout.buffer
    try:
        media_type = media_type_of(content, f"x.{ending}")
    except FileRefusedError as error:
        say.write(json.dumps({"refused": str(error)}).encode() + b"\n")
        return
    say.write(json.dumps({"type": media_type}).encode() + b"\n")
    say.flush()
    parts = shared_copy(content, media_type)
    copy = None if parts is None else list(parts)
    size = None if copy is None else sum(map(len, copy))
    is_small = size is not None and size <= _LARGEST_COPY
    say.write(json.dumps({"size": size if is_small else None}).encode() + b"\n")
    say.writelines(copy if copy is not None and is_small else ())
    say.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
