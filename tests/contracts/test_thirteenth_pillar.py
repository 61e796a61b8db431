"""A stranger can add a thirteenth pillar, as a package of its own."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from engine.plugin.registry import PillarError, load_registry, problems_of
from engine.plugin.skeleton import write_skeleton
from engine.plugin.testing import check_pillar, contract_problems
from tests.kit.pillars import FakeContext, accepts_its_examples

NAME = "outreach"
PACKAGE = f"icmc_{NAME}"


@pytest.fixture
def skeleton(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Write the skeleton, make it importable, and offer its entry point as an installed package would."""
    files = write_skeleton(NAME, tmp_path)
    folder = files[0].parent
    info = folder / f"icmc_pillar_{NAME}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: icmc-pillar-{NAME}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[icmc.pillars]\n{NAME} = {PACKAGE}:PILLAR\n")
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for module in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[module]


def _package(skeleton: Path) -> ModuleType:
    assert skeleton.is_dir()
    return importlib.import_module(PACKAGE)


def test_the_skeleton_keeps_the_contract(skeleton: Path) -> None:
    pillar = _package(skeleton).PILLAR
    assert problems_of(pillar) == ()
    assert contract_problems(pillar, PACKAGE) == ()
    assert check_pillar(NAME) == ()


def test_an_installed_skeleton_stands_beside_the_twelve(skeleton: Path) -> None:
    registry = load_registry()
    assert len(registry.installed) == 13
    assert f"{NAME}.call" in registry.step_types
    assert _package(skeleton).PILLAR in [item.pillar for item in registry.installed]


def test_its_steps_work(skeleton: Path) -> None:
    call, next_call = _package(skeleton).PILLAR.step_types
    accepts_its_examples(call)
    context = FakeContext(
        before={f"{NAME}.call": {"called_at": "2026-03-01T00:00:00+00:00"}}, settings=next_call.settings()
    )
    assert next_call.run(context).outputs == {"next_call_at": datetime(2026, 3, 8, tzinfo=UTC)}


def test_the_test_that_comes_with_it_passes(skeleton: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(skeleton), "tests"],
        cwd=skeleton,
        env={"PYTHONPATH": f"{skeleton}:{Path(__file__).parents[2]}", "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_nothing_is_overwritten(skeleton: Path) -> None:
    with pytest.raises(PillarError, match="already there"):
        write_skeleton(NAME, skeleton.parent)


@pytest.mark.parametrize("name", ["", "Two Words", "../up", "1st", "a-b", "x" * 60])
def test_a_name_that_is_no_lower_case_word_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PillarError, match="one word"):
        write_skeleton(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_pillar_that_nobody_installed_is_said_to_be_missing() -> None:
    assert check_pillar("nobody") == (
        "No installed package offers a pillar under the entry point 'nobody' of 'icmc.pillars'.",
    )


@pytest.mark.parametrize(("line", "problem"), [
    ("from engine.errors import IcmcError", "a pillar may import engine.plugin only"),
    ("from engine import errors", "a pillar may import engine.plugin only"),
    ("import pillars.rescue.forms", "pillars do not know each other"),
    ("from pillars import rescue", "pillars do not know each other"),
])  # fmt: skip
def test_an_import_that_reaches_too_far_is_found(skeleton: Path, line: str, problem: str) -> None:
    (skeleton / PACKAGE / "extra.py").write_text(f'"""Reach too far."""\n\n{line}\n')
    (found,) = check_pillar(NAME)
    assert problem in found


def test_a_pillar_without_a_page_for_caseworkers_is_found(skeleton: Path) -> None:
    (skeleton / PACKAGE / "README.md").unlink()
    assert check_pillar(NAME) == ("there is no README.md for caseworkers.",)


def test_a_pillar_that_cannot_be_imported_is_found(skeleton: Path) -> None:
    (skeleton / PACKAGE / "__init__.py").write_text("raise RuntimeError('private words')\n")
    assert check_pillar(NAME) == (f"{PACKAGE}:PILLAR cannot be imported (RuntimeError).",)
