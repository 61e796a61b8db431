"""What stands against an erasure, who may agree to it, and when a copy needs a second person."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.core.records import Step, StepStatus
from engine.core.retention import (
    COOLING_OFF,
    CaseOfPerson,
    CopyStatus,
    Erasure,
    ErasureSource,
    ErasureStatus,
    ExportCopy,
    Hold,
    LegalHoldKind,
    key_of_step,
    needs_second_person,
    reasons_against,
)
from engine.errors import AlreadyEndedError

NOW = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
ASKER, FIRST, SECOND = (UUID(int=number) for number in (1, 2, 3))
DPO, SUPERVISOR = "data_protection_officer", "supervisor"


def case(**more: Any) -> CaseOfPerson:
    plain = {
        "case_id": uuid4(), "number": "C-1", "unit_id": uuid4(), "jurisdiction": "IN", "zone": "UTC",
        "closed_at": NOW - timedelta(days=900), "is_last": True, "danger_at": None,
    }  # fmt: skip
    return CaseOfPerson.model_validate({**plain, **more})


def erasure() -> Erasure:
    return Erasure(
        id=uuid4(), case_id=uuid4(), person_id=uuid4(), source=ErasureSource.OFFICER, ground_code="unlawful",
        asked_by=ASKER, asked_at=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(("cases", "kept", "reasons"), [
    ([case()], (), ()),
    ([case(closed_at=None)], ("identity",), ("a case of theirs is open",)),
    ([case(), case(closed_at=None)], (), ("a case of theirs is open",)),
    ([case(holds=(LegalHoldKind.CLAIM,))], (), ("a claim for compensation is open",)),
    ([case(danger_at=NOW - timedelta(days=90))], (), ()),
    ([case(danger_at=NOW - timedelta(days=89, hours=23))], (), ("life was in danger in the last 90 days",)),
    ([case()], ("images", "health"), ("the shortest retention time still runs for: health, images",)),
])  # fmt: skip
def test_what_stands_against_an_erasure(cases: list[CaseOfPerson], kept: tuple[str, ...], reasons: tuple[str]) -> None:
    assert reasons_against(cases, kept=kept, now=NOW) == reasons


def test_what_was_agreed_to_cools_off_before_it_is_done() -> None:
    agreed = erasure().cool_off(NOW)
    assert (agreed.status, agreed.cooling_until) == (ErasureStatus.APPROVED, NOW + COOLING_OFF)
    assert not agreed.is_ripe(NOW + COOLING_OFF - timedelta(seconds=1))
    assert agreed.is_ripe(NOW + COOLING_OFF)
    with pytest.raises(AlreadyEndedError):
        agreed.cool_off(NOW)


def test_what_is_over_cannot_be_ended_again() -> None:
    over = erasure().end(ErasureStatus.WITHDRAWN, by=ASKER, at=NOW, reason="changed_mind")
    with pytest.raises(AlreadyEndedError):
        over.end(ErasureStatus.REFUSED, by=FIRST, at=NOW, reason="danger")
    with pytest.raises(AlreadyEndedError):
        over.cool_off(NOW)


def test_a_hold_is_lifted_once() -> None:
    hold = Hold(id=uuid4(), case_id=uuid4(), kind=LegalHoldKind.APPEAL, placed_by=ASKER, placed_at=NOW)
    hold.require_live()
    lifted = hold.lift(SECOND, NOW)
    assert (lifted.is_live, lifted.lifted_by) == (False, SECOND)
    with pytest.raises(AlreadyEndedError):
        lifted.lift(FIRST, NOW)


@pytest.mark.parametrize(("rows", "needed"), [(0, False), (50, False), (51, True)])
def test_more_than_fifty_lines_need_a_second_person(rows: int, needed: bool) -> None:  # noqa: FBT001
    assert needs_second_person(rows) is needed


def test_a_copy_is_fetched_once_and_in_time() -> None:
    ready = ExportCopy(
        id=uuid4(), number=1, asked_by=ASKER, unit_id=None, asked_at=NOW, what="cases",
        purpose_code="court", counted=1, status=CopyStatus.READY, expires_at=NOW + timedelta(hours=1),
    )  # fmt: skip
    fetched = ready.fetch(NOW, rows=1, sha256="x")
    for copy, at in ((fetched, NOW), (ready, NOW + timedelta(hours=1))):
        with pytest.raises(AlreadyEndedError):
            copy.fetch(at, rows=1, sha256="x")


@pytest.mark.parametrize(("path", "owner"), [
    ("", None), ("r:2", None), (f"person:{FIRST}", FIRST), (f"x:1/person:{FIRST}/r:3", FIRST),
])  # fmt: skip
def test_what_a_step_about_one_person_tells_is_sealed_for_that_person(path: str, owner: UUID | None) -> None:
    step = Step(id=uuid4(), run_id=uuid4(), key="talk", path=path, uses="trial.talk", status=StepStatus.READY)
    assert key_of_step(step) == owner
