"""What the portal serves of its own: nothing is fetched from elsewhere, and no mark of a government is in it."""

import json
import re

from engine.web.pages import STATIC, static_url

FRONTEND = STATIC.parent / "frontend"


def test_the_style_sheet_loads_nothing_and_brings_no_foreign_font_or_crest() -> None:
    css = (STATIC / "portal.css").read_text(encoding="utf-8").lower()
    for foreign in ("@font-face", "@import", "gds transport", "crown", "crest"):
        assert foreign not in css, foreign
    assert all(address.startswith("data:") for address in re.findall(r"url\([\"']?([^)]*)", css))


def test_the_script_sends_and_stores_nothing() -> None:
    script = (STATIC / "portal.js").read_text(encoding="utf-8")
    for forbidden in ("fetch(", "XMLHttpRequest", "sendBeacon", "localStorage", "sessionStorage", "eval(", "innerHTML"):
        assert forbidden not in script, forbidden


def test_the_licence_of_what_is_vendored_is_there() -> None:
    assert "Permission is hereby granted" in (STATIC / "THIRD-PARTY.txt").read_text(encoding="utf-8")


def test_the_lock_of_the_build_has_checksums_and_no_addresses() -> None:
    packages = json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    fetched = {name: entry for name, entry in packages.items() if name}
    assert fetched
    assert all("integrity" in entry for entry in fetched.values())
    assert not any("resolved" in entry for entry in fetched.values())


def test_the_address_of_a_file_changes_with_its_content() -> None:
    assert static_url("portal.css") != static_url("portal.js")
    assert static_url("portal.css").startswith("/static/portal.css?")
