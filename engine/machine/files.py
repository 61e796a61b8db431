"""Where the files that travel with ICMC lie: definitions and templates."""

import shutil
from pathlib import Path

import engine

_PACKAGE = Path(engine.__file__).parent


def data_folder(name: str) -> Path:
    """Return the folder `workflows` or `templates`: the repository's when run from one, else the installed one."""
    beside = _PACKAGE.parent / name
    return beside if beside.is_dir() else _PACKAGE / "_data" / name


def disk_space(folder: Path) -> tuple[int, int]:
    """Return how many bytes are free on the disk of a folder, and how many it has."""
    used = shutil.disk_usage(folder)
    return used.free, used.total


def shipped_sources() -> dict[str, str]:
    """Read every shipped definition file: name below `workflows/` and text, the workflows last."""
    folder = data_folder("workflows")
    files = [
        file
        for part in ("calendars", "ladders", "law", "retention", "cases")
        for file in sorted((folder / part).glob("*.yaml"))
    ]
    return {str(file.relative_to(folder.parent)): file.read_text(encoding="utf-8") for file in files}


def letters() -> frozenset[str]:
    """Name the letters and papers that there is a template for."""
    found = (data_folder("templates") / "documents").glob("[!_]*.html")
    return frozenset(file.stem for file in found)
