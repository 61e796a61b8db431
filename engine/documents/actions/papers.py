"""Papers: of a case, opened, printed, released; or a specimen with invented values, to look at its words."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.cases.actions.deciding import note_reading, require_member
from engine.cases.answers import for_templates, jurisdiction_in_words, key_in_words
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core.policy import Action, Viewer
from engine.documents.records import ReplacedError
from engine.documents.views import document_text
from engine.documents.views import paper as paper_view
from engine.errors import AlreadyEndedError
from engine.messages.actions.writing import local_time
from engine.plugin.answers import JsonAnswer
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import FieldKind
from engine.plugin.steps import StepType
from engine.work.records import PaperView

_STAMP: Final = "_stamp"
_END: Final = "</body>"

PLACES: Final[Mapping[str, str]] = {
    "IN": "Asia/Kolkata", "BD": "Asia/Dhaka", "NP": "Asia/Kathmandu", "MM": "Asia/Yangon",
}  # fmt: skip
"""Where a paper can be looked at for, since some of its words depend on the country; each with its zone."""

_NUMBER, _WHO = "K7M2-9QXD", "A. Invented"
_AT: Final = "2026-03-08T17:10:00+00:00"
_INVENTED: Final[Mapping[FieldKind, JsonAnswer]] = {
    FieldKind.BOOL: True, FieldKind.INT: 3, FieldKind.MONEY: "1500.50", FieldKind.DATETIME: _AT,
    FieldKind.DATE: "2026-03-08", FieldKind.DURATION: "PT1H30M", FieldKind.PHONE: "+91 00000 00000",
    FieldKind.PERSON: _WHO, FieldKind.SIGN: _WHO, FieldKind.COLLEAGUE: "invented@example.org", FieldKind.LANG: "hi",
    FieldKind.HASH: "ab" * 32, FieldKind.COUNTRY: "IN", FieldKind.CASE: _NUMBER,
    FieldKind.INTERVALS: [{"start": _AT, "end": "2026-03-08T20:10:00+00:00", "place": "Invented place"}],
}  # fmt: skip
_LATE: Final = {
    "what": "An invented matter", "since": "01 Mar 2026", "due": "08 Mar 2026", "is_over": "yes",
    "law": "An invented law",
}  # fmt: skip


class Printed(NamedTuple):
    """A paper as a file; its name says nothing of anybody."""

    name: str
    pdf: bytes


def open_document(engine: Engine, document_id: UUID, *, viewer: Viewer) -> str:
    """Return the text of a paper, stamped; that it was looked at is written first, and without that nothing is shown.

    The stamp says whether somebody has released it, the hash of the text as it is kept, and for whom this copy was made
    and when. Raises `NotFoundError`, `NotAllowedError`, `AuditUnavailableError`.
    """
    return _opened(engine, document_id, viewer)[1]


def print_document(engine: Engine, document_id: UUID, *, viewer: Viewer) -> Printed:
    """Return a paper as PDF, stamped as on its page. Raises what `open_document` raises, and `PrintingError`."""
    paper, html = _opened(engine, document_id, viewer)
    return Printed(f"{paper.number}-{paper.version}.pdf", engine.printer.pdf(html))


def release_document(engine: Engine, document_id: UUID, *, viewer: Viewer, command_id: UUID) -> None:
    """Write that somebody answers for a paper leaving the network; said twice with one command, it is done once.

    Raises `NotFoundError`, `NotAllowedError`, `AlreadyEndedError` for one that was released, `ReplacedError` for one of
    which there is a newer version.
    """
    now = engine.clock.now()
    paper = engine.ask(paper_view, viewer, document_id)
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(paper.case_id)
        require_member(viewer, state, Action.RELEASE, kind="document")
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        if tx.of(HousekeepingStore).release_document(document_id, by=viewer.actor_id, at=now):
            tx.of(CaseStore).note(
                state, "DocumentReleased", {"document_id": str(document_id), "name": paper.name},
                actor_id=viewer.actor_id, at=now,
            )  # fmt: skip
            tx.of(HousekeepingStore).remember(command_id, {"released": True}, case_id=state.case.id, at=now)
            tx.commit()
            return
    if engine.ask(paper_view, viewer, document_id).is_replaced:
        raise ReplacedError
    raise AlreadyEndedError(kind="paper")


def leaves_the_network(engine: Engine, name: str) -> bool:
    """Return whether papers of a name are for bodies outside, and wait for a release; one for the person is not."""
    return all(
        document.leaves
        for step_type in engine.registry.step_types.values()
        for document in step_type.documents
        if document.name == name
    )


def _opened(engine: Engine, document_id: UUID, viewer: Viewer) -> tuple[PaperView, str]:
    asks = engine.together(viewer)
    known, text = asks.soon(paper_view, document_id), asks.soon(document_text, document_id)
    paper, html = known(), text()
    note_reading(engine, viewer, paper.case_id, "document", ("identifying",), subject_id=paper.id)
    stamp = engine.papers.document(
        _STAMP,
        {
            "leaves": leaves_the_network(engine, paper.name),
            "released_by": paper.released_by,
            "released_at": local_time(paper.released_at, paper.zone) if paper.released_at else "",
            "is_replaced": paper.is_replaced,
            "sha256": paper.sha256,
            "copy_for": viewer.name,
            "copied_at": local_time(engine.clock.now(), paper.zone),
        },
    )
    before, end, after = html.rpartition(_END)
    return paper, before + stamp + end + after if end else html + stamp


def makers(engine: Engine, name: str) -> tuple[StepType, ...]:
    """Return the step types that make a paper, by their keys; none makes a letter that a step's settings name."""
    found = sorted(engine.registry.step_types.values(), key=lambda one: one.key)
    return tuple(one for one in found if any(document.name == name for document in one.documents))


def specimen(engine: Engine, name: str, *, place: str, published: Mapping[str, Mapping[str, str]]) -> str:
    """Return a paper as HTML with invented values, in the words that are published, marked as a draft."""
    types, made = engine.registry.step_types, makers(engine, name)
    fields = made[0].fields if made else types["core.release"].fields

    def earlier(uses: str) -> Mapping[str, object]:
        return _answers(types[uses].fields if uses in types else ())

    people = (_person("victim", 15), _person("possible_victim", None))
    return engine.papers.document(
        name,
        {
            "case_number": _NUMBER, "unit": "Unit One", "jurisdiction": jurisdiction_in_words(place), "persons": people,
            "made_at": engine.clock.now(), "zone": PLACES[place], "answers": _answers(fields), "earlier": earlier,
            "all_earlier": lambda uses: (earlier(uses),), "answers_of": lambda _: {}, "fields": fields,
            "settings": {"to": "the office that is responsible"}, "late": _LATE, "version": 1, "draft": True,
            "step_title": made[0].title if made else "", "document_number": f"{_NUMBER}-{name}",
        },
        published=published,
    )  # fmt: skip


def _answers(fields: Iterable[FieldSpec]) -> Mapping[str, object]:
    fields = tuple(fields)
    return for_templates(fields, {one.name: _invented(one) for one in fields})


def _invented(spec: FieldSpec) -> JsonAnswer:
    match spec.kind:
        case FieldKind.CHOICE:
            return next(iter(spec.choices), "")
        case FieldKind.MULTI:
            return list[object](spec.choices)[:2]
        case kind:
            return _INVENTED.get(kind, "Something invented")


def _person(role: str, age: int | None) -> Mapping[str, object]:
    return {"role": key_in_words(role), "name": _WHO, "age": age}
