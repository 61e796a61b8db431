"""Give a person what is held about them, and put right what is wrong: who, when and why, the old kept sealed."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from pydantic import JsonValue

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import reading_of, require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core.law.told import AgeRange
from engine.core.persons import TO_A_SUSPECT, is_suspect_alone
from engine.core.policy import Action, Viewer
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.persons.records import with_age
from engine.persons.store import PersonStore
from engine.persons.views.subject import revealed_subject
from engine.retention.records import Correction, SubjectView
from engine.retention.store import RetentionStore
from engine.sign_in.actions.account import require_step_up

REASONS = {
    "wrong_from_start": "It was recorded wrongly",
    "changed_since": "It has changed since",
    "person_says_so": "The person says so",
    "paper_shows_it": "A document shows it",
}
FIELDS = ("name", "aliases", "phone", "parents", "home", "age", "age_on")
"""What can be put right of a person; the home is a village or part of town and, after a comma, the district."""
_LISTED = ("aliases", "parents")
_LONGEST = 2_000
_OLDEST = 120


def report_to_subject(engine: Engine, case_id: UUID, person_id: UUID, *, viewer: Viewer) -> SubjectView:
    """Return all that is held about a person of a case; that it was read is written first.

    Answers of sealed classes only to who reads them, and nothing of what is done about suspects. Nobody gives it to one
    who is a suspect of the case and nothing else. Raises `StepUpNeededError`, `AuditUnavailableError`, `NotFoundError`,
    `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction(viewer) as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.ANSWER_SUBJECT)
        _require_person(state, person_id)
        if is_suspect_alone(one.role for one in state.persons if one.person_id == person_id and one.removed_at is None):
            raise NotAllowedError(actor=viewer.name, action=TO_A_SUSPECT)
        require_step_up(engine, viewer)
        classes = ("identity", "narrative")
        tx.of(AuditLogStore).note_reading(
            reading_of(viewer, case_id, "subject_report", classes, at=now, subject_id=person_id)
        )
        body = {"person_id": str(person_id)}
        tx.of(CaseStore).note(state, "SubjectAnswered", body, actor_id=viewer.actor_id, at=now)
        tx.commit()
    return engine.ask(revealed_subject, viewer, case_id, person_id)


def correct_person(
    engine: Engine,
    case_id: UUID,
    person_id: UUID,
    *,
    viewer: Viewer,
    command_id: UUID,
    reason_code: str,
    changes: Mapping[str, str],
    remark: str = "",
) -> None:
    """Put right what is known of a person, or only add a remark; what it was before stays, sealed.

    Raises `InvalidAnswersError`, `AlreadyEndedError` for who was erased, `StepUpNeededError`, `NotFoundError`,
    `NotAllowedError`.
    """
    now = engine.clock.now()
    wanted = {name: changes[name].strip() for name in FIELDS if changes.get(name, "").strip()}
    _require_fitting(reason_code, wanted, remark)
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.CORRECT)
        _require_person(state, person_id)
        require_step_up(engine, viewer)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        if tx.of(RetentionStore).is_erased(person_id):
            raise AlreadyEndedError(kind="person")
        correction = Correction(
            id=engine.entropy.uuid(), case_id=case_id, person_id=person_id,
            kind="correction" if wanted else "remark", reason_code=reason_code, made_by=viewer.actor_id, made_at=now,
        )  # fmt: skip
        _correct(engine, tx, correction, wanted, remark.strip())
        type_ = "PersonCorrected" if wanted else "PersonRemarked"
        body = {"person_id": str(person_id), "correction_id": str(correction.id)}
        tx.of(CaseStore).note(state, type_, body, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"case_id": str(case_id)}, case_id=case_id, at=now)
        tx.commit()


def _correct(engine: Engine, tx: Transaction, correction: Correction, wanted: Mapping[str, str], remark: str) -> None:
    """Keep a correction with what was known before it, and write what is right."""
    before = tx.of(PersonStore).identity(correction.person_id)
    words: dict[str, JsonValue] = {**wanted, **({"remark": remark} if remark else {})}
    tx.of(RetentionStore).add_correction(
        correction, before={name: before.get(name) for name in wanted if name != "age_on"}, words=words
    )
    if wanted:
        _write(engine, tx, correction.person_id, before, wanted, by=correction.made_by)


def _write(
    engine: Engine,
    tx: Transaction,
    person_id: UUID,
    before: Mapping[str, JsonValue],
    wanted: Mapping[str, str],
    *,
    by: UUID | None,
) -> None:
    said = {name: value for name, value in wanted.items() if name not in {"age", "age_on"}}
    after: dict[str, JsonValue] = {**before, **said}
    for listed in _LISTED:
        if listed in wanted:
            after[listed] = [name.strip() for name in wanted[listed].split(",") if name.strip()]
    if "age" in wanted:
        years = int(wanted["age"])
        age = AgeRange(youngest=years, oldest=years, as_of=date.fromisoformat(wanted["age_on"]))
        after = dict(with_age({name: value for name, value in after.items() if name != "age"}, age))
    tx.of(PersonStore).change(person_id, after, engine.fingerprints.tokens(after), by=by)


def _require_fitting(reason_code: str, wanted: Mapping[str, str], remark: str) -> None:
    problems = {}
    if reason_code not in REASONS:
        problems["reason_code"] = "Choose why."
    if not wanted and not remark.strip():
        problems["remark"] = "Write what is right, or a remark."
    if max(map(len, (*wanted.values(), remark))) > _LONGEST:
        problems["remark"] = f"Write at most {_LONGEST} characters."
    if "age" in wanted and not (wanted["age"].isascii() and wanted["age"].isdigit() and int(wanted["age"]) <= _OLDEST):
        problems["age"] = "Write the age in whole years."
    if ("age" in wanted or "age_on" in wanted) and not _is_day(wanted.get("age_on", "")):
        problems["age_on"] = "Give the date on which the person was this age, like 2026-03-07."
    if "age_on" in wanted and "age" not in wanted:
        problems["age"] = "Give the person's age on that date."
    if problems:
        raise InvalidAnswersError(problems)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _require_person(state: CaseState, person_id: UUID) -> None:
    if not any(person.person_id == person_id for person in state.persons):
        raise NotFoundError(kind="person")
