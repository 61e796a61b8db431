"""Open, print and release the papers of a case."""

from typing import Final, NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.cases.actions.deciding import note_reading, require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core.policy import Action, Viewer
from engine.documents.views import document_text
from engine.documents.views import paper as paper_view
from engine.errors import AlreadyEndedError, ReplacedError
from engine.messages.actions.writing import local_time
from engine.work.records import PaperView

_STAMP: Final = "_stamp"
_END: Final = "</body>"


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
