"""Lays HTML out as PDF, with the fonts that travel with the templates; nothing else is fetched.

Only `printing` imports this, when the first paper is printed: loading it takes most of a second and needs Pango.
"""

from collections.abc import Mapping
from typing import Any, Final
from weakref import finalize

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from engine.documents.printing import SCRIPTS, WEIGHTS

_SCHEME: Final = "icmc-font:"


class PdfPages:
    """Makes PDF files. Not for two threads at once: the fonts' library is not made for it."""

    def __init__(self, fonts: Mapping[str, bytes]) -> None:
        """Take the fonts by their names."""
        self._fetcher = _OnlyFonts(fonts)
        config = FontConfiguration()
        style = CSS(string=_style(), url_fetcher=self._fetcher, font_config=config)
        self._held: dict[str, Any] = {"font_config": config, "stylesheets": [style]}
        # Let go of before the interpreter ends: only then can the fonts' library remove its folder.
        finalize(self, self._held.clear)

    def pdf(self, html: str) -> bytes:
        """Lay a paper out, tagged for those who have it read aloud (PDF/UA)."""
        page = HTML(string=html, url_fetcher=self._fetcher)
        made: bytes = page.write_pdf(**self._held, pdf_variant="pdf/ua-1", custom_metadata=False)
        return made


class _OnlyFonts(URLFetcher):  # type: ignore[misc] # the library has no types
    """Gives the fonts, and refuses every other address: what somebody typed must not make the server fetch it."""

    def __init__(self, fonts: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=())
        self._fonts = fonts

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:  # noqa: ARG002 - its words
        """Return a font; raises `ValueError` for all else, which is then left out of the paper."""
        font = self._fonts.get(url.removeprefix(_SCHEME)) if url.startswith(_SCHEME) else None
        if font is None:
            raise ValueError("A paper cannot fetch anything.")
        return URLFetcherResponse(url, body=font, headers={"Content-Type": "font/woff2"})


def _style() -> str:
    faces = "".join(
        f'@font-face {{ font-family: "ICMC {script}"; font-weight: {weight}; '
        f'src: url("{_SCHEME}noto-sans-{script}-{weight}") format("woff2"); }}\n'
        for script in SCRIPTS
        for weight in WEIGHTS
    )
    families = ", ".join(f'"ICMC {script}"' for script in SCRIPTS)
    return (
        f"{faces}html, body {{ font-family: {families}, sans-serif !important; }}\n"
        f'@page {{ @bottom-right {{ content: counter(page) " / " counter(pages); font: 9pt {families}; }} }}\n'
    )
