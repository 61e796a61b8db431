"""What comes next in a case: its steps laid out in lanes, what can be added, a note in its diary in two clicks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from types import MappingProxyType
from typing import Annotated, Final
from uuid import UUID, uuid5

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.cases.actions.deciding import note_reading
from engine.cases.records import ANSWER, NOTE_WORDS
from engine.core.compiled import CompiledWorkflow
from engine.core.policy import Action
from engine.core.records import LIVE, Scalar, path_of_person
from engine.core.values import COLLECTIONS, person_in, round_in
from engine.course.actions.diary import make_note, read_notes
from engine.course.actions.steer import add_step, call_step
from engine.documents.pages import KINDS, Receiving, upload_of
from engine.errors import InvalidAnswersError, together
from engine.language.catalogue import ValueKind
from engine.language.names import in_plain_words
from engine.overview.pages.glance import tabs_of
from engine.overview.records import CaseView, StepView
from engine.overview.views.case import case_page
from engine.overview.views.history import case_diary
from engine.plugin.copies import might_show_child
from engine.plugin.registry import Pillar, Registry
from engine.plugin.steps import StepType
from engine.web.dependencies import Posted, SignedIn, posted_form, tried
from engine.web.languages import say
from engine.web.posted import FIRST, Again, given_instant, text, uuid_or_none, whole_number
from engine.web.times import from_input
from engine.web.turns import alone
from engine.web.uploads import is_upload, posted_parts
from engine.web.visit import Visit
from engine.work.actions.answers import notify_of_child

_LIVE = frozenset({"scheduled", "held", "ready", "approval"})
_GROUPS = (("R", "for the person"), ("P", "around the person"), ("", "In every workflow"))

router = APIRouter()
NOTES: Final = 6
"""How many notes are shown at once."""
_FORESEEN: Final = "="
_NEW: Final = {"file": "new_file"}
"""Where the page says what is wrong with a file that came with a note."""


@dataclass(frozen=True, slots=True)
class PillarLane:
    """One pillar with its steps, live ones first."""

    key: str
    name: str
    steps: tuple[StepView, ...]
    live: int
    is_late: bool

    @property
    def tone(self) -> str:
        """The colour of the lane: late, live or empty."""
        if self.is_late:
            return "late"
        return "live" if self.live else ("quiet" if self.steps else "empty")

    @property
    def in_words(self) -> str:
        """The same in a word or two."""
        if self.live:
            return say("late") if self.is_late else f"{self.live} open"
        return say("done") if self.steps else say("none")


@dataclass(frozen=True, slots=True)
class LaneGroup:
    """The lanes of one letter of the Impulse Model: P, R, or none for what every workflow can use."""

    letter: str
    title: str
    lanes: tuple[PillarLane, ...]


def lane_groups(pillars: Iterable[Pillar], steps: Iterable[StepView]) -> tuple[LaneGroup, ...]:
    """Return every pillar its lane; a pillar without letter has one only when the case has steps of it."""
    known = list(pillars)
    by_pillar: dict[str, list[StepView]] = {pillar.key: [] for pillar in known}
    for step in steps:
        by_pillar.setdefault(step.pillar, []).append(step)
    names = {pillar.key: pillar for pillar in known}
    groups = []
    for letter, title in _GROUPS:
        lanes = tuple(
            _lane(key, names[key].name if key in names else key.capitalize(), found)
            for key, found in by_pillar.items()
            if (names[key].letter if key in names else "") == letter and (letter or found)
        )
        if lanes:
            groups.append(LaneGroup(letter, title, lanes))
    return tuple(groups)


def what_waits(steps: Iterable[StepView]) -> list[StepView]:
    """Return the steps that wait for a person, the first due first; those without a due time come last."""
    waiting = [step for step in steps if step.status in {"ready", "approval"} and step.item_id]
    due = [(step.deadline.due_at if step.deadline else None, step) for step in waiting]
    timed = sorted(((at, step) for at, step in due if at is not None), key=itemgetter(0))
    return [step for _, step in timed] + [step for at, step in due if at is None]


def _lane(key: str, name: str, steps: list[StepView]) -> PillarLane:
    ordered = sorted(steps, key=lambda step: step.status not in _LIVE)
    late = any(step.deadline is not None and step.deadline.state == "overdue" for step in steps)
    return PillarLane(key, name, tuple(ordered), sum(step.status in _LIVE for step in steps), late)


@dataclass(frozen=True, slots=True)
class DeclaredFact:
    """A fact that one of the case's workflows declares."""

    name: str
    title: str
    kind: str
    choices: tuple[tuple[str, str], ...]
    now: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be chosen."""

    value: str
    text: str
    purpose: str = ""
    fits: bool = True


@dataclass(frozen=True, slots=True)
class OfferGroup:
    """The step types of one pillar."""

    title: str
    offers: tuple[Offer, ...]

    @property
    def fitting(self) -> int:
        """How many of them fit what was sought."""
        return sum(offer.fits for offer in self.offers)


def declared_facts(case: CaseView, definitions: Mapping[str, CompiledWorkflow]) -> tuple[DeclaredFact, ...]:
    """List the facts that the open runs of a case declare, each once."""
    found: dict[str, DeclaredFact] = {}
    for run in case.runs:
        compiled = definitions[run.definition_hash] if run.status == "open" else None
        for name, output in compiled.facts.items() if compiled else ():
            spec = compiled.workflow.facts.get(name) if compiled else None
            title = (spec.title if spec else "") or in_plain_words(name)
            choices = tuple((choice, in_plain_words(choice)) for choice in output.choices)
            found.setdefault(name, DeclaredFact(name, title, output.kind.value, choices, case.facts.get(name, "")))
    return tuple(found.values())


def read_fact(fact: DeclaredFact, given: str, zone: str) -> Scalar | None:
    """Read the value of a fact from what was posted; None for what cannot be one."""
    match ValueKind(fact.kind):
        case ValueKind.BOOL:
            return {"yes": True, "no": False}.get(given)
        case ValueKind.NUMBER:
            return int(given) if given.isascii() and given.isdigit() and len(given) < len("1000000000") else None
        case ValueKind.INSTANT:
            instant = from_input(given, zone)
            return instant.isoformat() if instant else None
        case ValueKind.CHOICE:
            return given if given in dict(fact.choices) else None


def callable_steps(
    case: CaseView, definitions: Mapping[str, CompiledWorkflow], step_types: Mapping[str, StepType]
) -> tuple[Offer, ...]:
    """List the steps that the case's workflows keep ready to be called, once for each person they are done for.

    One that is open now is not among them; one that was called and is over can be called once more. A workflow that
    was over goes on with such a step.
    """
    stands = {(step.run_id, step.key, person_in(step.path)): step.status in LIVE for step in _by_round(case)}
    return tuple(
        Offer(
            f"{run.id}:{step.key}:{path_of_person(who) if who else ''}",
            _words(step.title, label, again="" if is_open is None else "once more"),
            step.spec.help or (step_types[step.spec.uses].purpose if step.spec.uses in step_types else ""),
        )
        for run in case.runs
        if run.status in {"open", "over"}
        for step in definitions[run.definition_hash].steps.values()
        if step.spec.discretionary
        for who, label in _elements(case, step.spec.for_each)
        if not (is_open := stands.get((run.id, step.key, who)))
    )


def read_call(value: str) -> tuple[UUID, str, str] | None:
    """Read the run, the key and the path of a step that is called; None for what no offer says."""
    run, _, named = value.partition(":")
    key, _, path = named.partition(":")
    try:
        return (UUID(run), key, path) if key else None
    except ValueError:
        return None


def offered_step_types(registry: Registry, sought: str = "") -> tuple[OfferGroup, ...]:
    """List every installed step type, by pillar; one fits when its pillar, title and purpose have all words sought."""
    words = sought.casefold().split()

    def offer(pillar: Pillar, step: StepType) -> Offer:
        said = " ".join(say(text) for text in (pillar.name, step.title, step.purpose)).casefold()
        return Offer(step.key, step.title, step.purpose, all(word in said for word in words))

    return tuple(
        OfferGroup(one.pillar.name, tuple(offer(one.pillar, step) for step in one.pillar.step_types))
        for one in registry.installed
    )


def interval_names(step_type: StepType | None) -> tuple[Offer, ...]:
    """List the stretches of time that a step can leave out; a journey where its form names none."""
    named = [spec.excluded_time for spec in step_type.fields if spec.excluded_time] if step_type else []
    return tuple(Offer(name, in_plain_words(name)) for name in dict.fromkeys(named or ["journey"]))


def _by_round(case: CaseView) -> list[StepView]:
    return sorted(case.steps, key=lambda step: round_in(step.path))


def _elements(case: CaseView, over: str | None) -> tuple[tuple[UUID | None, str], ...]:
    """List the persons for whom a step is called, each once and with what pages call them; or nobody."""
    if over is None:
        return ((None, ""),)
    found = {person.id: person.label for person in case.persons if person.role in COLLECTIONS[over]}
    return tuple(found.items())


def _words(title: str, label: str, *, again: str) -> str:
    """Say what is called, for whom, and whether it was there before."""
    return ", ".join(filter(None, (title, label, again)))


@router.get("/cases/{case_id}/diary")
def diary(visit: SignedIn, case_id: UUID, page: Annotated[int, Query(ge=1, le=1_000)] = 1) -> Response:
    """Show what was noted, without its words, and ask for a note."""
    shown = _page(visit, case_id, page=page)
    note_reading(visit.engine, visit.viewer, case_id, "case", ())
    return shown


@router.post("/cases/{case_id}/diary")
async def noted(request: Request, visit: SignedIn, case_id: UUID) -> Response:
    """Keep the note with its file, which is encrypted as it arrives, and open the step that was chosen with it."""
    await run_in_threadpool(visit.must, Action.WORK, case_id)
    if not is_upload(request.scope):
        return await run_in_threadpool(_noted, visit, case_id, await posted_form(request))
    receiving, misread, file_id = Receiving(visit, case_id, kind="file_kind", is_needed=False), dict[str, str](), None
    try:
        async for sent in posted_parts(request):
            await run_in_threadpool(receiving.take, sent)
        file_id = await alone(receiving.finish)
    except InvalidAnswersError as error:
        misread = {_NEW.get(name, name): sentence for name, sentence in error.problems.items()}
        if might_show_child(receiving.child_shown):
            await run_in_threadpool(notify_of_child, visit.engine, case_id, viewer=visit.viewer)
    finally:
        await run_in_threadpool(receiving.give_up)
    form = FormData(receiving.fields | ({"file": str(file_id)} if file_id else {}))
    return await run_in_threadpool(_noted, visit, case_id, form, misread)


def _noted(visit: Visit, case_id: UUID, form: FormData, unfit: Mapping[str, str] = MappingProxyType({})) -> Response:
    def act(command_id: UUID) -> None:
        person_id, file_id = uuid_or_none(form, "person"), uuid_or_none(form, "file")
        happened_at, step, misread = None, "", dict(unfit)
        try:
            happened_at, step = together(
                partial(given_instant, form, "happened_at", visit.viewer.zone, until=visit.now),
                partial(_step_chosen, visit, case_id, text(form, "step")),
            )
        except InvalidAnswersError as error:
            misread |= error.problems
        make_note(
            visit.engine, case_id, viewer=visit.viewer, command_id=command_id, kind=text(form, "kind"),
            words=text(form, "words"), happened_at=happened_at, person_id=person_id, file_id=file_id, misread=misread,
        )  # fmt: skip
        if step:
            _open_step(visit, case_id, step, person_id, uuid5(command_id, "step"))

    return tried(visit, form, act, partial(_page, visit, case_id), to=f"/cases/{case_id}/diary", said="noted")


@router.post("/cases/{case_id}/diary/words")
def read(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Show the words of the notes of a page, once; that they were read is recorded first."""
    words = read_notes(visit.engine, case_id, viewer=visit.viewer)
    return _page(visit, case_id, page=max(whole_number(form, "page"), 1), words=words)


def _step_chosen(visit: Visit, case_id: UUID, chosen: str) -> str:
    """Return the step that was chosen if it is offered; raises `InvalidAnswersError`."""
    offered = _offered(visit, visit.ask(case_page, case_id)) if chosen else ()
    if chosen and all(offer.value != chosen for group in offered for offer in group.offers):
        raise InvalidAnswersError({"step": "Choose one of the steps offered."})
    return chosen


def _open_step(visit: Visit, case_id: UUID, chosen: str, person_id: UUID | None, command_id: UUID) -> None:
    called = read_call(chosen.removeprefix(_FORESEEN)) if chosen.startswith(_FORESEEN) else None
    if called is None:
        add_step(visit.engine, case_id, viewer=visit.viewer, command_id=command_id, uses=chosen, person_id=person_id)
        return
    run, key, path = called
    call_step(visit.engine, case_id, viewer=visit.viewer, command_id=command_id, run_id=run, key=key, path=path)


def _offered(visit: Visit, case: CaseView) -> tuple[OfferGroup, ...]:
    """List the steps that can be opened with a note: those that the workflow keeps ready first."""
    if case.status != "open" or Action.CHANGE_PLAN not in case.allowed:
        return ()
    ready = callable_steps(case, visit.engine.definitions, visit.engine.registry.step_types)
    foreseen = tuple(type(one)(f"{_FORESEEN}{one.value}", one.text) for one in ready)
    groups = (OfferGroup("Prepared in this workflow", foreseen),) if foreseen else ()
    return (*groups, *offered_step_types(visit.engine.registry))


def _page(
    visit: Visit, case_id: UUID, *, again: Again = FIRST, page: int = 1, words: Mapping[int, str] | None = None
) -> Response:
    seen, found = (
        visit.soon(case_page, case_id),
        visit.soon(case_diary, case_id, offset=(page - 1) * NOTES, limit=NOTES),
    )
    case, shown = seen(), found()
    tabs = tabs_of(case)
    may_note = case.status == "open" and Action.WORK in case.allowed
    takes_files = may_note and visit.may(Action.ADD_FILE)
    return visit.page(
        "diary.html", title=say("Diary: case {number}", number=case.number),
        section="track", zone=case.zone, case=case, tabs=tabs,
        tab=next(tab for tab in tabs if tab.key == "diary"), again=again, diary=shown, answer=ANSWER,
        note_words=NOTE_WORDS, page=page,
        file_kinds=KINDS, has_more=shown.count > page * NOTES, words=words or {}, has_read=words is not None,
        may_note=may_note, offered=_offered(visit, case),
        upload=upload_of(again.typed, "file_kind") if takes_files else {},
        may_read=Action.REVEAL in case.allowed and words is None and bool(shown.notes),
    )  # fmt: skip
