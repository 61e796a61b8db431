"""What the wheel says of itself: the README, with links and pictures that work where no copy of the project is."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!\w+://|#)([^)\s]+)\)")


class ReadmeHook(MetadataHookInterface):
    """Writes the description of the package from `README.md`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description; with `tool.icmc.source` its links and pictures lead there."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": for_an_index(text, self.config.get("source", "")),
        }


def for_an_index(text: str, source: str) -> str:
    """Return a README whose links and pictures lead to `source`; where that is not known yet, words are left of them.

    `source` is the address under which the files of the project are shown, with a slash at its end.
    """
    if source:
        return _LINK.sub(lambda found: f"{found[1]}[{found[2]}]({source}{found[3]})", text)
    return _LINK.sub(lambda found: "" if found[1] else found[2], text)
