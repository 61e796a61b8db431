"""What is of no case, and still is not everybody's: sessions, kept forms, shifts, copies, keys, links to join."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from uuid import uuid4

from starlette.testclient import TestClient

from engine.approvals.records import ApprovalRequest
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.cases.actions.filters import save_filter
from engine.core.policy import Viewer
from engine.definitions.records import StoredSignature
from engine.definitions.store import LawSignatureStore
from engine.overview.actions import ask_copy
from engine.people.actions.duty import note_absence, plan_shift
from engine.people.actions.invitations import make_link
from engine.sign_in.actions.account import keep_form
from engine.sign_in.records import ApiKey
from engine.sign_in.store import SignInStore
from tests.kit.database import Rows
from tests.kit.portal import BEGIN
from tests.oracle.objects import Staff, do, word
from tests.oracle.people import OUTSIDE


def things_apart(
    engine: Engine, rows: Rows, staff: Mapping[str, Staff], client_of: Callable[[Viewer], TestClient]
) -> dict[str, str]:
    """Make one of each, of people whom nobody asks for; returns what stands in an address for each."""
    of = staff[OUTSIDE]
    first, now = of.first, engine.wall_clock.now()
    client_of(first)
    (session,) = rows.all("SELECT id FROM session WHERE actor_id = %(who)s", who=first.actor_id)
    until = BEGIN + timedelta(days=2)
    shift = do(
        plan_shift, by=first, engine=engine, unit_id=of.unit_id, actor_id=of.second.actor_id, starts_at=BEGIN,
        ends_at=until,
    )  # fmt: skip
    absence = do(note_absence, by=first, engine=engine, actor_id=first.actor_id, starts_at=BEGIN, ends_at=until)
    copy = ask_copy(engine, viewer=first, what="cases", purpose_code="audit", chosen={"status": "open"})
    kept = save_filter(engine, viewer=first, name="Late", chosen={"late": "yes"})
    form = keep_form(engine, first.actor_id, path="/report", fields=[("a-narrative", word())])
    key = ApiKey(uuid4(), first.actor_id, "A key", ("board",), now + timedelta(days=9))
    lost = ApprovalRequest(
        id=uuid4(), kind="lost_factor", subject_id=first.actor_id, unit_id=of.unit_id,
        subject={"actor_id": str(first.actor_id)}, asked_by=of.second.actor_id, asked_at=now,
        reason_code="factor_lost", expires_at=now + timedelta(days=3),
    )  # fmt: skip
    signed = StoredSignature(
        uuid4(), "IN-JJ-PROD-24H", "0" * 64, first.name, "IN-AS", first.actor_id, BEGIN.date(), BEGIN, "The Act"
    )
    with engine.transaction() as tx:
        tx.of(LawSignatureStore).add(signed)
        tx.of(SignInStore).add_key(key, uuid4().bytes, by=None, at=now)
        tx.of(ApprovalStore).ask(lost)
        invited = make_link(engine, tx, "reset", first.actor_id, by=None)
        tx.commit()
    made = {
        "session_id": session[0], "shift_id": shift, "absence_id": absence, "copy_id": copy, "form_id": form,
        "filter_id": kept,
        "key_id": key.id, "lost_id": lost.id, "unit_id": of.unit_id, "actor_id": first.actor_id, "invited": invited,
        "kind": "workflow", "name": "child-labour", "calendar": "IN", "message_text": "overdue.hi",
        "paper_text": "safety-plan", "day": date(2026, 3, 20), "board_list": "stuck",
        "limit_id": signed.limit_id, "signature_id": signed.id, "key": "reporting.intake",
    }  # fmt: skip
    return {name: str(value) for name, value in made.items()}
