"""Makes the copy of a file that is shared: what it shows, without what it says of who made it, where and when."""

import io
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Final

from PIL import Image, ImageOps
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject

from engine.core.files import PART
from engine.documents.types import require_few_pixels

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
