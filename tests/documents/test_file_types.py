"""A file is what its content is; what would burst is refused; the shared copy tells nothing beside what it shows."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, NumberObject, StreamObject, TextStringObject

from engine.core.files import MEDIA_TYPES, Scan
from engine.documents.looking import LocalFiles
from engine.documents.records import FileRefusedError
from engine.documents.types import media_type_of, shared_copy

CANARY = "Kamala of the blue house"
PLACE = b"26.1445N"


def jpeg(size: tuple[int, int] = (8, 6)) -> bytes:
    """Return a picture with EXIF that tells where it was taken, turned by its EXIF."""
    picture = Image.new("RGB", size, "teal")
    exif = Image.Exif()
    exif[0x010E] = CANARY
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (26.0, 8.0, 40.2)
    written = io.BytesIO()
    picture.save(written, "JPEG", exif=exif, comment=CANARY.encode())
    return written.getvalue()


def png() -> bytes:
    told = PngInfo()
    told.add_text("Author", CANARY)
    written = io.BytesIO()
    Image.new("RGBA", (4, 4), (1, 2, 3, 4)).save(written, "PNG", pnginfo=told)
    return written.getvalue()


def pdf() -> bytes:
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    page[NameObject("/PieceInfo")] = DictionaryObject({NameObject("/X"): TextStringObject(CANARY)})
    writer.add_metadata({"/Author": CANARY, "/Title": CANARY})
    run = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject(f"app.alert('{CANARY}')")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(run)
    writer.add_attachment("secret.txt", CANARY.encode())
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def office(kind: str = "docx", **more: bytes) -> bytes:
    part = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}[kind]
    members = {
        "[Content_Types].xml": b"<Types/>", part: b"<w>words</w>", "docProps/core.xml": CANARY.encode(),
        "docProps/app.xml": CANARY.encode(), "docProps/thumbnail.jpeg": jpeg(), "word/media/image1.jpg": jpeg(),
        "_rels/.rels": b'<R><Relationship Type="x/metadata/thumbnail" Target="docProps/thumbnail.jpeg"/></R>',
    } | more  # fmt: skip
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return written.getvalue()


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def film() -> bytes:
    header = box(b"mvhd", bytes(4) + b"\x11" * 8 + bytes(80))
    told = box(b"udta", box(b"\xa9xyz", PLACE) + CANARY.encode())
    return box(b"ftyp", b"isom" + bytes(8)) + box(b"moov", header + told) + box(b"mdat", b"pictures that move")


def heic() -> bytes:
    """Return the shape of a telephone's picture: an item of pixels and one of EXIF, both in `mdat`."""
    pixels, exif = b"pixels, pixels", PLACE + CANARY.encode()
    infos = b"".join(
        box(b"infe", b"\x02\0\0\0" + struct.pack(">HH", number, 0) + kind + b"\0")
        for number, kind in ((1, b"hvc1"), (2, b"Exif"))
    )
    start = box(b"ftyp", b"heic" + bytes(8))

    def meta(first: int) -> bytes:
        places = b"\0\0\0\0\x44\0" + struct.pack(">H", 2)
        for number, at, length in ((1, first, len(pixels)), (2, first + len(pixels), len(exif))):
            places += struct.pack(">HHHII", number, 0, 1, at, length)
        return box(b"meta", bytes(4) + box(b"iinf", bytes(4) + struct.pack(">H", 2) + infos) + box(b"iloc", places))

    first = len(start) + len(meta(0)) + 8
    return start + meta(first) + box(b"mdat", pixels + exif)


def mp3() -> bytes:
    tag = b"ID3\x04\0\0" + bytes([0, 0, 0, len(CANARY)]) + CANARY.encode()
    return tag + b"\xff\xfb\x90\x00sound" + b"TAG" + CANARY.encode().ljust(125)


MADE: dict[str, Callable[[], bytes]] = {
    "jpg": jpeg, "png": png, "pdf": pdf, "docx": office, "xlsx": lambda: office("xlsx"), "mp4": film, "m4a": film,
    "heic": heic, "mp3": mp3, "txt": "নাম Kamala\n".encode, "csv": lambda: b"a;b\n1;2\n",
}  # fmt: skip


def copied(name: str, content: bytes) -> bytes | None:
    copy = shared_copy(io.BytesIO(content), MEDIA_TYPES[name])
    return b"".join(copy) if copy is not None else None


@pytest.mark.parametrize("ending", MADE)
def test_each_kind_that_is_taken_is_known_by_its_content(ending: str) -> None:
    assert media_type_of(io.BytesIO(MADE[ending]()), f"x.{ending.upper()}") == MEDIA_TYPES[ending]


@pytest.mark.parametrize("ending", MADE)
def test_no_kind_is_taken_for_another(ending: str) -> None:
    same = {"mp4": {"m4a"}, "m4a": {"mp4"}, "txt": {"csv"}, "csv": {"txt"}}.get(ending, set()) | {ending}
    for other in set(MADE) - same:
        with pytest.raises(FileRefusedError):
            media_type_of(io.BytesIO(MADE[ending]()), f"x.{other}")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.html", b"<script>"), ("x.svg", b"<svg/>"), ("x.exe", b"MZ"), ("noending", b"text"), ("x.", b"text"),
        ("x.docm", b"PK\x03\x04"), ("x.jpg", b"<html>"), ("x.txt", b"MZ\x00\x01"), ("x.csv", b"a\x00b"),
        ("x.zip", b"PK\x03\x04"), ("x.docx", b"PK\x03\x04 cut short"), ("x.jpg", b"\xff\xd8\xff broken"),
        ("x.png", b"\x89PNG\r\n\x1a\n"), ("x.mp4", b"\0\0\0\x18ftypqt  "), ("x.txt.exe", b"text"), ("x.pdf", b""),
    ],
)  # fmt: skip
def test_whatever_is_not_on_the_list_or_not_what_it_says_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(FileRefusedError):
        media_type_of(io.BytesIO(content), name)


@pytest.mark.parametrize("name", ["word/vbaProject.bin", "word/embeddings/x.exe", "customUI/run.js"])
def test_a_text_with_a_program_inside_is_refused(name: str) -> None:
    with pytest.raises(FileRefusedError, match="program"):
        media_type_of(io.BytesIO(office(**{name: b"MZ"})), "x.docx")


def test_a_packed_file_that_bursts_is_refused() -> None:
    with pytest.raises(FileRefusedError, match="100 times"):
        media_type_of(io.BytesIO(office(**{"word/a.xml": bytes(20_000_000)})), "x.docx")
    with pytest.raises(FileRefusedError, match="100 MB"):
        media_type_of(io.BytesIO(office(**{"word/a.xml": bytes(100_000_001)})), "x.docx")
    many = {f"word/{number}.xml": b"" for number in range(1_000)}
    with pytest.raises(FileRefusedError, match="too many parts"):
        media_type_of(io.BytesIO(office(**many)), "x.docx")


def test_a_packed_file_that_lies_about_its_size_is_refused() -> None:
    honest = office(**{"word/a.xml": bytes(30_000_000)})
    lying = honest.replace(struct.pack("<I", 30_000_000), struct.pack("<I", 10))
    assert lying != honest
    with pytest.raises(FileRefusedError):
        media_type_of(io.BytesIO(lying), "x.docx")


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    for width, height in ((50_001, 1_000), (500_000, 500_000)):
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        bomb = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
        with pytest.raises(FileRefusedError, match="50 million"):
            media_type_of(io.BytesIO(bomb), "x.png")


@pytest.mark.parametrize("ending", ["jpg", "png", "pdf"])
def test_the_shared_copy_says_nothing_of_who_made_it_where_and_when(ending: str) -> None:
    content = MADE[ending]()
    copy = copied(ending, content)
    assert copy is not None
    assert media_type_of(io.BytesIO(copy), f"x.{ending}") == MEDIA_TYPES[ending]
    assert CANARY.encode() not in copy
    assert b"Exif" not in copy


@pytest.mark.parametrize("ending", ["docx", "xlsx", "mp4", "m4a", "mp3", "heic"])
def test_of_a_kind_that_no_library_writes_anew_only_the_original_is_kept(ending: str) -> None:
    assert copied(ending, MADE[ending]()) is None


def test_a_picture_keeps_its_pixels_the_way_up_that_it_is_seen() -> None:
    copy = copied("jpg", jpeg((8, 6)))
    assert copy is not None
    with Image.open(io.BytesIO(copy)) as picture:
        assert picture.size == (6, 8)
        assert not picture.getexif()
        assert not picture.info.get("comment")


def test_a_paper_keeps_its_pages_and_loses_programs_and_files() -> None:
    copy = copied("pdf", pdf())
    assert copy is not None
    read = PdfReader(io.BytesIO(copy))
    assert len(read.pages) == 1
    assert not (read.metadata or {}).get("/Author")
    assert not read.attachments
    assert b"JavaScript" not in copy


@pytest.mark.parametrize("ending", ["jpg", "png", "pdf"])
def test_of_a_file_that_cannot_be_understood_no_copy_is_made(ending: str) -> None:
    content = MADE[ending]()
    assert copied(ending, content[: len(content) // 3] + b"\xff" * 50) is None


def pdf_of(picture: bytes) -> bytes:
    """Return a page with a photograph on it, as scanners and office programs make them."""
    writer = PdfWriter()
    page, drawn = writer.add_blank_page(100, 100), StreamObject()
    drawn.set_data(picture)
    width, height = NumberObject(8), NumberObject(6)
    drawn.update({NameObject("/Type"): NameObject("/XObject"), NameObject("/Subtype"): NameObject("/Image"),
        NameObject("/Filter"): NameObject("/DCTDecode"), NameObject("/ColorSpace"): NameObject("/DeviceRGB"),
        NameObject("/BitsPerComponent"): NumberObject(8), NameObject("/Width"): width,
        NameObject("/Height"): height})  # fmt: skip
    named = DictionaryObject({NameObject("/P"): writer._add_object(drawn)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): named})
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def test_a_photograph_on_a_page_keeps_its_pixels_as_they_lie_and_says_nothing_else() -> None:
    given = pdf_of(jpeg())
    assert CANARY.encode() in given
    copy = copied("pdf", given)
    assert copy is not None
    assert CANARY.encode() not in copy
    [picture] = PdfReader(io.BytesIO(copy)).pages[0].images
    assert picture.image.size == (8, 6)
    red, green, blue = picture.image.convert("RGB").getpixel((2, 2))  # type: ignore[misc]
    assert (red < 20, abs(green - 128) < 10, abs(blue - 128) < 10) == (True, True, True)


def test_of_a_page_whose_photograph_is_too_large_no_copy_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.documents.types.MOST_PIXELS", 40)
    assert copied("pdf", pdf_of(jpeg())) is None


def test_texts_are_copied_as_they_are() -> None:
    assert copied("csv", b"a;b\n1;2\n") == b"a;b\n1;2\n"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("", Scan.NOT_SCANNED), ("true", Scan.CLEAN), ("false", Scan.INFECTED), ("/no/such/scanner", Scan.NOT_SCANNED),
        ("sh -c 'exit 2'", Scan.NOT_SCANNED), ("grep -q EICAR-STANDARD", Scan.CLEAN),
        ("sh -c '! grep -q EICAR-STANDARD'", Scan.INFECTED),
    ],
)  # fmt: skip
def test_what_a_scanner_says_is_kept_and_anything_else_is_not_scanned(command: str, said: Scan) -> None:
    eicar = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    assert LocalFiles(command).scan(io.BytesIO(eicar.encode())) is said
