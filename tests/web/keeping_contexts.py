"""What the templates about keeping, erasing, copying and counting need."""

from collections.abc import Callable
from typing import Any

import engine.app  # noqa: F401 - each subject registers its handler
from engine.approvals.actions.approvals import HANDLERS
from engine.approvals.records import WaitingView
from engine.core.retention import (
    ENDS_OF_ERASURES,
    GROUNDS_TO_ERASE,
    GROUNDS_TO_RESTRICT,
    HOLD_WORDS,
    PURPOSES_OF_COPIES,
    ROWS_ALONE,
)
from engine.definitions.actions.proposals import Change
from engine.definitions.pages.message_texts import Shown
from engine.definitions.records import PreviewView
from engine.language.changes import ChangeSentence
from engine.language.editing import Difference
from engine.language.retention import RetentionPolicy
from engine.messages.templates import Rendered
from engine.overview.records import CaseView
from engine.persons.records import CasePersonView
from engine.retention.actions.custody import RestoreStanding
from engine.retention.records import (
    ErasureView,
    ExportCopyView,
    LegalHoldView,
    RetentionView,
    RevivedGrant,
    RevivedOffer,
    RevivedPerson,
    SubjectView,
)

POLICY = {
    "retention": "trial", "title": "T", "jurisdiction": "*", "note": "N",
    "rules": [{"data": "identity", "at_least": "P1Y", "at_most": "P2Y", "source": "S", "confidence": "C", "note": "N"}],
}  # fmt: skip
SET_BY = {"name": "A lawyer", "on": "2026-01-02", "source_read": "a text"}


def keeping_contexts(
    view: Callable[[Any], Any], some: Callable[[Any], Any], nasty: str, *, full: bool
) -> dict[str, dict[str, Any]]:
    """Return what each of these templates is given."""
    found = view(RetentionView)
    erasure = view(ErasureView)
    if full:
        states = ("asked", "approved", "done", "refused", "withdrawn")
        erasures = tuple(
            erasure.model_copy(
                update={"status": state, "cooling_until": None if state == "asked" else erasure.cooling_until}
            )
            for state in states
        )
        hold = view(LegalHoldView)
        holds = tuple(
            hold.model_copy(update={"lifted_at": lifted, "lift_asked_by_id": asked})
            for lifted, asked in ((hold.lifted_at, None), (None, hold.id), (None, None))
        )
        found = found.model_copy(update={"erasures": erasures, "holds": holds})
    copy = view(ExportCopyView)
    copies = [
        copy.model_copy(update={"status": state, "is_mine": mine})
        for state in ("asked", "ready", "fetched", "refused", "expired")
        for mine in (True, False)
    ]
    policies = [RetentionPolicy.model_validate(POLICY | ({"set_by": SET_BY} if full else {}))]
    form: dict[str, Any] = {
        "errors": {"kind": nasty, "holder_id": nasty, "person_id": nasty} if full else {},
        "problems": some(("#kind", nasty)), "typed": {"name": nasty} if full else {}, "command_id": erasure.id,
    }  # fmt: skip
    person = {"case": view(CaseView), "person": view(CasePersonView)}
    return {
        "waiting.html": {
            "to_answer": tuple(
                (view(WaitingView).model_copy(update={"kind": kind}), of) for kind, of in HANDLERS.items() if full
            ), "mine": some((view(WaitingView), HANDLERS["merge"])), "errors": {},
            "problems": some(("#x", nasty)), "command_id": erasure.id,
        },
        "proposed.html": {
            "places": ("IN",),
            "texts": {nasty: Shown("late.hi", nasty, Rendered(nasty, nasty, ""), 1, is_proofread=full)},
            "it": view(WaitingView), "command_id": erasure.id,
            "changes": some(Change("document" if full else "ladder", nasty, 2, 1, nasty, nasty,
                                   (Difference(nasty, nasty, "", True),),
                                   (ChangeSentence(nasty, is_loss=True),), nasty)),
            "pictures": {nasty: None}, "ladders": {} if full else {nasty: ((nasty, nasty, nasty),)},
            "preview": view(PreviewView).model_copy(update={"lines": ()}) if full else None,
        },
        "custody.html": {
            "found": RestoreStanding(
                erasure.asked_at, (RevivedPerson(erasure.id, nasty, nasty, (nasty,)),),
                (RevivedGrant(nasty, nasty, erasure.asked_at),),
                (RevivedOffer(nasty, nasty, erasure.asked_at), RevivedOffer(nasty, None, erasure.asked_at)),
            ) if full else None,
        },
        "keeping.html": {"found": found, "ends": ENDS_OF_ERASURES, "may_ask": full, "may_approve": full},
        "keeping-policies.html": {"policies": policies},
        "case-keeping.html": {
            "case": view(CaseView), "found": found, "reason": nasty if full else "",
            "kinds": HOLD_WORDS, "grounds_to_restrict": GROUNDS_TO_RESTRICT,
            "grounds_to_erase": GROUNDS_TO_ERASE, "sources": {"x": nasty}, "holders": some((erasure.id, nasty)),
            "may_hold": full, "may_restrict": full, "may_ask": full, **form,
        },
        "copies.html": {
            "copies": copies if full else (), "what": {"cases": "Cases"}, "purposes": PURPOSES_OF_COPIES,
            "rows_alone": ROWS_ALONE, "may_export": full, "may_answer": full, **form,
        },
        "copy-ready.html": {"copy_id": erasure.id, "token": nasty},
        "subject-ask.html": person,
        "subject.html": {"found": view(SubjectView), "tell": "https://hub.example/tell"},
        "correct.html": {**person, "reasons": {"x": nasty}, **form},
    }  # fmt: skip
