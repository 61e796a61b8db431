"""The diary of a case: what was noted, when, by whom and about whom, without its words."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from engine.cases.store import NOTE_MADE
from engine.cases.views.sight import require_whole
from engine.cases.visibility import positions
from engine.core.policy import Action, Viewer
from engine.db.reading import Reading
from engine.db.shape import ACTOR, EVENT
from engine.documents.store import FileStore
from engine.overview.records import DiaryFile, DiaryView, NoteView
from engine.people.viewer import name_of_actor

_BODY = EVENT.c.body


def case_diary(reading: Reading, viewer: Viewer, case_id: UUID, *, offset: int = 0, limit: int = 10) -> DiaryView:
    """List the notes of a case, the latest first; only its own unit has a diary. Raises `NotFoundError`."""
    may = reading.soon(require_whole, reading, viewer, case_id, Action.SEE_CASES)
    of = (EVENT.c.case_id == case_id, EVENT.c.type == NOTE_MADE)
    query = (
        select(EVENT.c.seq, EVENT.c.at, _BODY, name_of_actor(EVENT.c.actor_id))
        .select_from(EVENT.outerjoin(ACTOR, ACTOR.c.id == EVENT.c.actor_id))
        .where(*of)
        .order_by(_BODY["happened_at"].astext.desc(), EVENT.c.seq.desc())
        .offset(offset)
        .limit(limit)
    )
    found, numbers = reading.soon(reading.rows, query), reading.soon(positions, reading, (case_id,))
    count = reading.soon(reading.count, select(func.count()).select_from(EVENT).where(*of))
    files = reading.soon(FileStore(reading.within).of_case, case_id)
    may()
    known = numbers()
    notes = []
    for row in found():
        body = row["body"]
        whom = UUID(body["person_id"]) if "person_id" in body else None
        notes.append(
            NoteView(
                seq=row["seq"], kind=body["kind"], happened_at=datetime.fromisoformat(body["happened_at"]),
                noted_at=row["at"], by=row["name"] or "", person_id=whom, file_id=body.get("file_id"),
                person_label=f"Person {known.get((case_id, whom), '?')}" if whom else "",
            )
        )  # fmt: skip
    kept = (file for file in files() if not file.is_deferred)
    return DiaryView(
        notes=tuple(notes), count=count(),
        files=tuple(DiaryFile(id=one.id, kind=one.kind.value, added_at=one.added_at) for one in kept),
    )  # fmt: skip
