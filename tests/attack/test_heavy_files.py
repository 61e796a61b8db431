"""Files that are small and open to much: they are opened apart, one at a time, and what is too heavy leaves nothing."""

import io
import json
import os
import struct
import subprocess
import sys
import zlib
from threading import Thread

import pytest

from engine.documents import looking
from engine.documents.looking import LocalFiles
from engine.documents.records import FileRefusedError
from engine.errors import BusyError
from tests.documents.test_file_types import jpeg, office, pdf
from tests.kit.database import Rows
from tests.kit.portal import Portal, report_case

pytestmark = pytest.mark.long

_MEASURED = """
import io, json, resource, sys
from engine.documents.looking import LocalFiles
from engine.documents.records import FileRefusedError
content = sys.stdin.buffer.read()
own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
said, copied = "", 0
try:
    looked = LocalFiles().opened(io.BytesIO(content), sys.argv[1])
    copied = sum(map(len, looked.copy or ()))
except FileRefusedError as error:
    said = str(error)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - own
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"said": said, "copied": copied, "grown_kb": grown, "child_kb": child}))
"""


def bomb(width: int, height: int) -> bytes:
    """Return a picture of one colour: a thousand times smaller than what it opens to."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packing = zlib.compressobj(9)
    row = bytes(1 + 4 * width)
    pixels = b"".join(packing.compress(row) for _ in range(height)) + packing.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def measured(content: bytes, name: str) -> dict[str, int | str]:
    """Open a file in a process of its own, as the portal does; returns what that took of it, and of its child."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, name], input=content, capture_output=True, timeout=240, check=True
    )
    found: dict[str, int | str] = json.loads(done.stdout)
    return found


def test_a_small_picture_that_opens_to_much_is_opened_apart_within_its_limit() -> None:
    content = bomb(7_000, 7_100)
    assert len(content) < 200_000
    found = measured(content, "x.png")
    assert found["said"] == ""
    assert int(found["copied"]) > 0
    assert int(found["child_kb"]) < looking.MOST_MEMORY >> 10
    assert int(found["grown_kb"]) < 20_000, "whoever asks for it grows by nothing of that"


def test_a_picture_of_too_many_pixels_is_refused_by_its_head() -> None:
    found = measured(bomb(9_000, 9_000), "x.png")
    assert found["said"] == "This picture has too many pixels: at most 50 million."
    assert int(found["child_kb"]) < 150_000, "none of its pixels was unpacked"


def test_a_picture_inside_a_text_is_no_way_around_it() -> None:
    packed = office(**{"word/media/image2.png": bomb(9_000, 9_000), "word/words.xml": os.urandom(500_000)})
    found = measured(packed, "x.docx")
    assert (found["said"], found["copied"]) == ("", 0), "it is kept, and no copy of it is made"
    assert int(found["child_kb"]) < 150_000


def test_memory_ends_where_it_was_said_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "MOST_MEMORY", 300 << 20)
    looked = LocalFiles().opened(io.BytesIO(bomb(7_000, 7_100)), "x.png")
    assert looked == ("image/png", None)
    assert list(LocalFiles().opened(io.BytesIO(jpeg()), "x.jpg").copy or ()), "the next one is opened as ever"


def test_what_takes_too_long_is_told_in_a_plain_sentence_and_nothing_of_it_is_left(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = report_case(portal.as_role("intake_officer")).page
    client = portal.as_role("case_manager")
    sent = {"data": {"kind": "order", "child_shown": "no"}, "files": {"file": ("order.pdf", pdf())}}
    with monkeypatch.context() as changed:
        changed.setattr(looking, "MOST_SECONDS", 0.01)
        refused = client.post(f"{case}/files", **sent)  # type: ignore[arg-type]
    assert refused.status_code == 422
    assert "asks for more memory or time than opening a file can take" in refused.text
    rows = Rows(portal.urls.admin)
    for table in ("attachment", "attachment_part"):
        assert rows.all(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert "encrypted and stored" in client.post(f"{case}/files", **sent).text  # type: ignore[arg-type]
    rows.close()


def test_one_file_is_opened_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    going, most = [0], [0]
    feed = looking._Child.feed

    def counted(child: looking._Child, content: io.BytesIO) -> None:
        going[0] += 1
        most[0] = max(most[0], going[0])
        feed(child, content)

    def over(child: looking._Child) -> None:
        going[0] -= 1
        end(child)

    end = looking._Child.end
    monkeypatch.setattr(looking._Child, "feed", counted)
    monkeypatch.setattr(looking._Child, "end", over)
    asked = [Thread(target=lambda: list(LocalFiles().opened(io.BytesIO(jpeg()), "x.jpg").copy or ())) for _ in range(4)]
    for one in asked:
        one.start()
    for one in asked:
        one.join(120)
    assert (going, most) == ([0], [1])


def test_who_waits_too_long_for_the_files_of_others_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = LocalFiles().opened(io.BytesIO(jpeg()), "x.jpg")
    monkeypatch.setattr(looking, "MOST_SECONDS", 0.05)
    with pytest.raises(BusyError, match="the files that others are sending"):
        LocalFiles().opened(io.BytesIO(jpeg()), "y.jpg")
    monkeypatch.undo()
    assert list(looked.copy or ())
    with pytest.raises(FileRefusedError):
        LocalFiles().opened(io.BytesIO(jpeg()), "y.png")
    assert list(LocalFiles().opened(io.BytesIO(jpeg()), "y.jpg").copy or ()), "a refusal holds up nobody after it"
