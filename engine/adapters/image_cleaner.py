"""Makes the copy of a file that is shared: what it shows, without what it says of who made it, where and when."""

import io
import re
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Final

from PIL import Image, ImageOps
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject

from engine.adapters.file_types import require_few_pixels
from engine.domain.files import MEDIA_TYPES, PART

_PICTURE_STARTS: Final = b"\xff\xd8"
_PIXELS_START: Final = b"\xff\xda"
_SAYS: Final = re.compile(rb"\xff[\xe1-\xed\xef\xfe]")
"""Segments of a JPEG that say something of it: all applications' but JFIF and Adobe's colours, and comments."""
_DAY_ONE: Final = (1980, 1, 1, 0, 0, 0)
_THUMBNAIL: Final = re.compile(rb"<Relationship [^>]*metadata/thumbnail[^>]*/>")
_CORE: Final = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><cp:coreProperties '
    b'xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>'
)
_APP: Final = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Properties '
    b'xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"/>'
)
_CUSTOM: Final = _APP.replace(b"extended-properties", b"custom-properties")
_EMPTY: Final = {"docProps/core.xml": _CORE, "docProps/app.xml": _APP, "docProps/custom.xml": _CUSTOM}
_ID3: Final = 10
_HOLD: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf", b"moof", b"traf", b"mvex"})
_TELL: Final = frozenset({b"udta", b"meta", b"uuid", b"xyz "})
_HANGING: Final = frozenset({"/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"})
_DROP_FROM_PDF: Final = ("/Metadata", "/AA", "/OpenAction", "/AcroForm", "/PieceInfo", "/Perms")


def shared_copy(content: BinaryIO, media_type: str) -> Iterator[bytes] | None:
    """Give the copy in parts; None where what the file says of itself cannot be taken out with certainty."""
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
        has_glass = form == "PNG" and ("A" in pixels.getbands() or "transparency" in pixels.info)
        mode = "RGBA" if has_glass else "RGB"
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
            drawn._data = without_segments(drawn._data)  # noqa: SLF001 - pypdf has no other way to keep the pixels as they are


def without_segments(jpeg: bytes) -> bytes:
    """Take EXIF, XMP, IPTC and comments out of a JPEG, and leave its pixels as they are."""
    if not jpeg.startswith(_PICTURE_STARTS):
        return jpeg
    kept, at = [_PICTURE_STARTS], len(_PICTURE_STARTS)
    while (marker := jpeg[at : at + 2]) and marker[:1] == b"\xff" and marker != _PIXELS_START:
        length = 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if not _SAYS.fullmatch(marker):
            kept.append(jpeg[at : at + length])
        at += length
    return b"".join((*kept, jpeg[at:]))


def _office(content: BinaryIO) -> bytes:
    """Pack a text or table anew: no properties, no thumbnail, no times, and its pictures painted anew."""
    packed = io.BytesIO()
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            name = member.filename
            if name.lower().startswith("docprops/thumbnail"):
                continue
            inside = _EMPTY.get(name) or old.read(name)
            if name == "_rels/.rels":
                inside = _THUMBNAIL.sub(b"", inside)
            if "/media/" in name:
                inside = _inner_picture(name, inside)
            info = zipfile.ZipInfo(name, _DAY_ONE)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, inside)
    return packed.getvalue()


def _inner_picture(name: str, inside: bytes) -> bytes:
    forms = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG"}
    form = forms.get(name.rpartition(".")[2].lower())
    return _picture(io.BytesIO(inside), form) if form else inside


def _mp3(content: BinaryIO) -> bytes:
    """Cut the tags off both ends of a sound."""
    sound = content.read()
    while sound.startswith(b"ID3") and len(sound) > _ID3:
        a, b, c, d = sound[6:10]
        footer = _ID3 if sound[5] & 0x10 else 0
        sound = sound[_ID3 + (a << 21 | b << 14 | c << 7 | d) + footer :]
    if sound[-128:-125] == b"TAG":
        sound = sound[:-128]
    if sound[-32:-24] == b"APETAGEX":
        sound = sound[: -int.from_bytes(sound[-20:-16], "little")]
        if sound[-32:-24] == b"APETAGEX":
            sound = sound[:-32]
    return sound


def _film(content: BinaryIO) -> bytes:
    """Blank what a film or sound says of itself, in place: whatever points into it stays right."""
    film = bytearray(content.read())
    _blank_boxes(film, 0, len(film))
    return bytes(film)


def _blank_boxes(film: bytearray, at: int, end: int) -> None:
    for kind, start, inside, stop in _boxes(film, at, end):
        if kind in _TELL:
            film[start + 4 : start + 8] = b"free"
            film[inside:stop] = bytes(stop - inside)
        elif kind in {b"mvhd", b"tkhd", b"mdhd"}:
            times = 16 if film[inside] == 1 else 8
            film[inside + 4 : inside + 4 + times] = bytes(times)
        elif kind in _HOLD:
            _blank_boxes(film, inside, stop)


def _boxes(film: bytes | bytearray, at: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Give kind, start, start of the content, and end of each box; raises ValueError for what is no box."""
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", film, at)
        inside = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", film, at + 8)
            inside += 8
        size = size or end - at
        if size < inside - at or at + size > end:
            raise ValueError("a box does not fit")
        yield kind, at, inside, at + size
        at += size


def _heic(content: BinaryIO) -> bytes:
    """Blank EXIF and XMP in a picture of a telephone, in place; raises ValueError where it cannot be found."""
    picture = bytearray(content.read())
    meta = next((inside + 4, stop) for kind, _, inside, stop in _boxes(picture, 0, len(picture)) if kind == b"meta")
    boxes = {kind: (inside, stop) for kind, _, inside, stop in _boxes(picture, *meta)}
    tell = {number for number, kind in _items(picture, *boxes[b"iinf"]) if kind in {b"Exif", b"mime", b"uri "}}
    inner = boxes.get(b"idat", (0, 0))[0]
    for number, way, extents in _places(picture, boxes[b"iloc"][0]):
        for offset, length in extents if number in tell else ():
            start = offset + (inner if way == 1 else 0)
            if way > 1 or length == 0 or start + length > len(picture):
                raise ValueError("an item does not fit")
            picture[start : start + length] = bytes(length)
    return bytes(picture)


def _items(picture: bytearray, inside: int, stop: int) -> Iterator[tuple[int, bytes]]:
    """Give number and kind of each item."""
    first = inside + (6 if picture[inside] == 0 else 8)
    for kind, _, entry, _ in _boxes(picture, first, stop):
        version = picture[entry]
        if kind != b"infe" or version not in {2, 3}:
            raise ValueError("an item of a form that is not known")
        wide = 2 if version == 2 else 4  # noqa: PLR2004 - versions of the format
        number = int.from_bytes(picture[entry + 4 : entry + 4 + wide], "big")
        yield number, bytes(picture[entry + 6 + wide : entry + 10 + wide])


def _places(picture: bytearray, at: int) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Give number, way of counting, and (offset, length) of the pieces of each item."""
    version = picture[at]
    sizes = picture[at + 4], picture[at + 5]
    offset_size, length_size, base_size = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
    index_size = sizes[1] & 15 if version in {1, 2} else 0
    at += 6

    def number(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(picture[at - size : at], "big")

    wide = 4 if version == 2 else 2  # noqa: PLR2004 - versions of the format
    for _ in range(number(wide)):
        item, way = number(wide), number(2) & 15 if version in {1, 2} else 0
        number(2)
        base, pieces = number(base_size), []
        for _ in range(number(2)):
            number(index_size)
            pieces.append((base + number(offset_size), number(length_size)))
        yield item, way, pieces


_CLEANERS: Final[Mapping[str, Callable[[BinaryIO], bytes]]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/heic": _heic,
    "application/pdf": _pdf,
    "audio/mpeg": _mp3,
    "audio/mp4": _film,
    "video/mp4": _film,
    "text/plain": _text,
    "text/csv": _text,
    MEDIA_TYPES["docx"]: _office,
    MEDIA_TYPES["xlsx"]: _office,
}


def _parts(cleaned: bytes) -> Iterator[bytes]:
    return (cleaned[at : at + PART] for at in range(0, len(cleaned), PART))
