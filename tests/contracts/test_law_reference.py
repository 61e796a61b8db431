"""The page of all limits of the law is the one that the shipped packs give.

`python -m tests.contracts.test_law_reference` writes it again.
"""

from pathlib import Path

from ruamel.yaml import YAML

from engine.language.law import LawPack
from engine.language.law_reference import render_limits

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "law-limits.md"


def shipped() -> list[LawPack]:
    yaml = YAML(typ="safe", pure=True)
    return [
        LawPack.model_validate(yaml.load(path.read_text("utf-8"))) for path in (ROOT / "workflows/law").glob("*.yaml")
    ]


def test_the_page_says_what_is_shipped() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_limits(shipped()), (
        "run: python -m tests.contracts.test_law_reference, and commit docs/reference/law-limits.md"
    )


def test_the_page_has_every_limit_with_its_source_and_how_sure_we_are() -> None:
    page = render_limits(shipped())
    for pack in shipped():
        for limit in pack.limits:
            line = next(one for one in page.splitlines() if f"`{limit.id}`" in one and limit.source in one)
            assert f"{limit.basis}; {limit.confidence}" in line


if __name__ == "__main__":
    PAGE.write_text(render_limits(shipped()), encoding="utf-8")
