"""Write the skeleton of a new pillar: a package of its own, ready to install and to test."""

import re
from pathlib import Path
from string import Template

from engine.plugin.registry import PillarError

_NAME = re.compile(r"^[a-z][a-z0-9_]{1,40}$")
_FILES = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "icmc-pillar-$dashed"
version = "0.1.0"
description = "The $name pillar for ICMC."
readme = "icmc_$name/README.md"
requires-python = ">=3.11"
dependencies = ["icmc"]

[project.entry-points."icmc.pillars"]
$name = "icmc_$name:PILLAR"

[tool.hatch.build.targets.wheel]
packages = ["icmc_$name"]
""",
    "icmc_$name/README.md": """\
# $title

Say here, in a caseworker's words, what this pillar is for.

| Step | What you do | Time |
|---|---|---|
| Home call | You call the person and note whether they need help | 2 days |
| Next call | The system works out when to call again | by itself |
""",
    "icmc_$name/__init__.py": """\
\"\"\"$title: say in one sentence what this pillar is for.\"\"\"

from icmc_$name.steps import PILLAR

__all__ = ["PILLAR"]
""",
    "icmc_$name/forms.py": """\
\"\"\"The forms of this pillar.\"\"\"

from typing import Literal

from engine.plugin import Form, Instant, LongText, field


class CallForm(Form):
    \"\"\"Call the person and find out whether they need help.\"\"\"

    called_at: Instant = field(label="When did you call?", event_time=True, now=True)
    needs_help: Literal["yes", "no", "unsure"] = field(label="Does the person need help?", now=True)
    note: LongText | None = field(label="What did the person say?", default=None, identifying=True)
""",
    "icmc_$name/steps.py": """\
\"\"\"The step types of this pillar.\"\"\"

from datetime import datetime, timedelta

from engine.plugin import Asked, Completed, Concluded, NoSettings, Pillar, Prepared, StepContext, automatic
from icmc_$name.forms import CallForm


class NextCallSettings(NoSettings):
    \"\"\"After how many days to call again.\"\"\"

    days: int = 7


class Call(Asked[CallForm], key="$name.call", title="Home call", roles=("caseworker",), time_limit="P2D"):
    \"\"\"What is proposed before the call, and what follows from it.\"\"\"

    def prepare(self, context: StepContext) -> Prepared:
        \"\"\"Propose that the call is now.\"\"\"
        return Prepared(prefill={"called_at": context.now.isoformat()})

    def conclude(self, answers: CallForm, context: StepContext) -> Concluded:
        \"\"\"Say who needs help.\"\"\"
        return Concluded(facts={"needs_help": answers.needs_help == "yes"})


@automatic(
    "$name.next_call",
    title="Next call",
    outputs={"next_call_at": datetime},
    settings=NextCallSettings,
)
def next_call(context: StepContext) -> Completed:
    \"\"\"Work out when to call the person again.\"\"\"
    settings, call = context.settings_as(NextCallSettings), context.earlier("$name.call", CallForm)
    called_at = call.called_at if call else context.now
    return Completed(outputs={"next_call_at": called_at + timedelta(days=settings.days)})


PILLAR = Pillar(
    key="$name",
    name="$title",
    letter="",
    summary="Say in one sentence what this pillar is for.",
    step_types=(Call, next_call),
)
""",
    "tests/test_$name.py": """\
\"\"\"The pillar keeps the contract, and its form takes good answers only.\"\"\"

import pytest
from pydantic import ValidationError

from engine.plugin.testing import contract_problems, fake_context, run_step
from icmc_$name import PILLAR
from icmc_$name.forms import CallForm
from icmc_$name.steps import Call

GOOD = {"called_at": "2026-03-09T10:00:00+05:30", "needs_help": "yes"}


def test_the_pillar_keeps_the_contract():
    assert contract_problems(PILLAR, "icmc_$name") == ()


def test_a_call_needs_a_time_and_an_answer():
    CallForm.model_validate(GOOD)
    with pytest.raises(ValidationError):
        CallForm.model_validate({"needs_help": "perhaps"})


def test_a_call_says_who_needs_help():
    assert run_step(Call, fake_context(answers=GOOD)).facts == {"needs_help": True}
""",
}


def write_skeleton(name: str, target: Path) -> tuple[Path, ...]:
    """Write a package `icmc-pillar-<name>` with the pillar `name` into the folder `target`, and list its files.

    `name` is a lower-case word; that of an installed pillar makes a package that can replace it. Raises `PillarError`
    for another name, and where the package's folder is already there: nothing is ever overwritten.
    """
    if not _NAME.match(name):
        raise PillarError(
            pillar=name, problem="the name must be one word of lower-case letters, digits and underscores."
        )
    folder = target / f"icmc-pillar-{name.replace('_', '-')}"
    if folder.exists():
        raise PillarError(pillar=name, problem=f"the folder {folder.name} is already there.")
    words = {"name": name, "dashed": name.replace("_", "-"), "title": name.replace("_", " ").capitalize()}
    return tuple(
        _write(folder / Template(path).substitute(words), Template(text).substitute(words))
        for path, text in _FILES.items()
    )


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
