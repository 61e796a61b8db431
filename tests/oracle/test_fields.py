"""Every question of every form: who is shown its answer is said by its class, a right and a grant."""

from collections.abc import Iterator

import pytest

from engine.cases.views.sight import revealed_answers
from engine.documents.views import document_text
from engine.errors import IcmcError
from engine.language.names import RestrictedCategory
from engine.overview.views.case import case_page
from engine.plugin.steps import StepKind
from engine.work.records import AnswerView
from tests.oracle.answers import TEXTS, ZONES, Answered, answered_case
from tests.oracle.asking import ask
from tests.oracle.checking import all_text
from tests.oracle.model import ENCRYPTED, Sight, is_there, shown, sight
from tests.oracle.people import EVERYBODY
from tests.oracle.records import Persona
from tests.oracle.routes import RULES
from tests.oracle.world import OracleWorld

pytestmark = pytest.mark.long

SHARES = (0, pytest.param(1, marks=pytest.mark.faults))
"""A merge has one share, `make faults` the other: each list is asked by every second person, and each person asks every
second list; each page of a step is asked by one person, all of whom ask the same questions of what it is made of."""
_LISTS = [
    address for address, rule in RULES.items()
    if rule.kind in {"lists", "apart"} and address.startswith("GET") and "{" not in address
]  # fmt: skip


_IN_THE_DIRECTORY = {"partnership.onboard.org", "partnership.onboard.hours", "partnership.directory.org"}
_DAYS_THAT_ARE_DUE = {"repatriation.handover.first_call_on"}


@pytest.fixture(scope="module")
def answered(world: OracleWorld) -> Answered:
    """Return the case in which everything is answered."""
    return answered_case(world)


def test_every_question_that_takes_words_is_answered_with_its_own(world: OracleWorld, answered: Answered) -> None:
    asked = {
        f"{key}.{spec.name}"
        for key, step_type in world.engine.registry.step_types.items()
        if step_type.kind is StepKind.ASKED and not key.startswith("core.")
        for spec in step_type.fields
        if spec.kind in TEXTS and spec.name not in ZONES
    }
    assert asked <= set(answered.values)
    assert len(answered.steps) >= 65
    sorts = {name for thing in answered.things.values() for name in thing.names if name.startswith("class:")}
    assert sorts | {"class:images"} == {f"class:{one.value}" for one in RestrictedCategory}, (
        "of images there is a yes or no"
    )
    assert {one.value for one in RestrictedCategory} == set(ENCRYPTED)


@pytest.mark.parametrize("persona", EVERYBODY, ids=lambda persona: persona.name)
def test_an_answer_is_shown_as_its_class_a_right_and_a_grant_say(
    world: OracleWorld, answered: Answered, persona: Persona
) -> None:
    seen, wrong = sight(persona, answered.matter), list[tuple[object, ...]]()
    viewer, engine = world.viewers[persona.name], world.engine
    for step, step_id in answered.steps.items():
        due = shown(seen, answered.things, f"reveal:{step}") if is_there(seen, step) else set()
        try:
            views = engine.ask(revealed_answers, viewer, step_id)
            found = _here(world, answered, repr(views))
            wrong += [(step, view.name, "is shown") for view in views if not _may(world, seen, step, view)]
        except IcmcError as error:
            found = _here(world, answered, str(error))
        if found != due:
            wrong.append((step, "shown too much", found - due, "too little", due - found))
    try:
        page = repr(engine.ask(case_page, viewer, answered.case_id))
    except IcmcError as error:
        page = str(error)
    open_ones = {name for step in answered.steps for name in shown(seen, answered.things, f"step:{step}")}
    wrong += [("case", name) for name in sorted(open_ones ^ _here(world, answered, page))]
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("persona", EVERYBODY, ids=lambda persona: persona.name)
def test_a_paper_is_shown_to_whom_all_of_its_step_is(world: OracleWorld, answered: Answered, persona: Persona) -> None:
    seen, wrong = sight(persona, answered.matter), []
    assert len(answered.papers) >= 10
    for paper, step in answered.papers.items():
        may = f"paper of {step}" in shown(seen, answered.things, f"paper:{step}")
        try:
            found = _here(world, answered, world.engine.ask(document_text, world.viewers[persona.name], paper))
            is_shown = True
        except IcmcError as error:
            found, is_shown = _here(world, answered, str(error)), False
        if is_shown != may or (found and not may):
            wrong.append((step, is_shown, may, found))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("persona", EVERYBODY, ids=lambda persona: persona.name)
def test_lists_show_of_all_answers_the_directory_and_the_days_of_own_work(
    world: OracleWorld, answered: Answered, persona: Persona, share: int
) -> None:
    wrong = []
    for address in _LISTS[(EVERYBODY.index(persona) + share) % len(SHARES) :: len(SHARES)]:
        may = _IN_THE_DIRECTORY if address == "GET /partners" else set()
        may = may | _DAYS_THAT_ARE_DUE if sight(persona, answered.matter) else may
        found = _here(world, answered, all_text(ask(world, persona, address, world.objects["own"])))
        wrong += [(address, found - may)] if found - may else []
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("reader", SHARES)
def test_the_pages_of_steps_show_no_more_than_they_are_made_of(
    world: OracleWorld, answered: Answered, reader: int
) -> None:
    wrong = list(_wrong_pages(world, answered, reader))
    assert not wrong, "\n".join(map(str, wrong))


def _wrong_pages(world: OracleWorld, answered: Answered, reader: int) -> Iterator[tuple[object, ...]]:
    asking = [one for one in EVERYBODY if sight(one, answered.matter)]
    for number, (step, step_id) in enumerate(answered.steps.items()):
        persona = asking[(number + reader * 7) % len(asking)]
        seen, client = sight(persona, answered.matter), world.clients[persona.name]
        path = f"/cases/{answered.case_id}/steps/{step_id}"
        for page, answer in (("step", client.get(path)), ("reveal", client.post(f"{path}/reveal", data={}))):
            due = shown(seen, answered.things, f"{page}:{step}")
            right = "see" if page == "step" else "reveal"
            status = 404 if not is_there(seen, step) else 200 if seen and seen.may(right) else 403
            due = due if status == answer.status_code == 200 else set()
            found = _here(world, answered, all_text(answer))
            if found != due or answer.status_code != status:
                yield persona.name, step, page, int(answer.status_code), status, found - due, due - found


def _may(world: OracleWorld, seen: Sight | None, step: str, view: AnswerView) -> bool:
    """Whether an answer may stand there as it does, also a yes or no, or a choice, which nothing was planted in."""
    encrypted = {spec.name: spec.restricted_category for spec in world.engine.registry.get(step).fields}.get(view.name)
    return view.masked or not encrypted or (seen is not None and seen.shows(f"class:{encrypted}"))


def _here(world: OracleWorld, answered: Answered, text: str) -> set[str]:
    return world.values_in(text).get(answered.matter.name, set())
