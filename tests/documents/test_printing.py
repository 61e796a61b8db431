"""A machine that cannot print says what it lacks, and the page can still be printed."""

import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest

from engine.documents.printing import PdfPrinter
from engine.errors import PrintingError
from engine.machine.files import data_folder

FONTS = data_folder("templates") / "documents" / "fonts"


def test_without_its_fonts_the_printer_names_the_command_that_helps(tmp_path: Path) -> None:
    problem = PdfPrinter(tmp_path).problem()
    assert problem.startswith("PDF cannot be made on this machine. Print the page itself")
    assert "apt-get install libpango-1.0-0" in problem


def test_without_pango_the_printer_says_so_instead_of_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoPango:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "weasyprint":
                raise OSError("cannot load library")

    for name in [name for name in sys.modules if name.startswith(("weasyprint", "engine.documents.pdf"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])
    with pytest.raises(PrintingError, match="PDF cannot be made on this machine"):
        PdfPrinter(FONTS).pdf("<p>x</p>")


@pytest.mark.skipif(not find_library("pangoft2-1.0"), reason="Pango is not installed")
def test_a_process_that_printed_leaves_nothing_behind(tmp_path: Path) -> None:
    prints = (
        "import tempfile; from pathlib import Path; from engine.documents.printing import PdfPrinter;"
        f"tempfile.tempdir = {str(tmp_path)!r};"
        f"assert PdfPrinter(Path({str(FONTS)!r})).pdf('<p>x</p>');"
        f"assert list(Path({str(tmp_path)!r}).iterdir()), 'the fonts are in a folder while it runs'"
    )
    done = subprocess.run([sys.executable, "-c", prints], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(tmp_path.iterdir())
