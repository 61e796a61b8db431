"""What one person alone may not do."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.domain.four_eyes import FOUR_EYES, ApprovalRequest, require_answerable, require_other
from engine.domain.policy import ROLES_THAT_MAY
from engine.errors import AlreadyEndedError, NotAllowedError, OwnApprovalError
from engine.views import Viewer

NOW = datetime(2026, 3, 10, tzinfo=UTC)
FIRST, SECOND = UUID(int=1), UUID(int=2)


def viewer(actor_id: UUID) -> Viewer:
    return Viewer(actor_id=actor_id, name="Sam", unit_ids=(), roles=())


def request(**values: Any) -> ApprovalRequest:
    given = {
        "id": UUID(int=3), "kind": "lift_denial", "asked_by": FIRST, "asked_at": NOW, "reason_code": "error",
        "expires_at": NOW + timedelta(hours=24),
    }  # fmt: skip
    return ApprovalRequest.model_validate(given | values)


def test_whoever_asked_cannot_be_the_second_person() -> None:
    with pytest.raises(OwnApprovalError):
        require_other(FIRST, viewer(FIRST))
    assert issubclass(OwnApprovalError, NotAllowedError)
    require_other(FIRST, viewer(SECOND))
    require_other(None, viewer(SECOND))


@pytest.mark.parametrize("values", [{"answered_at": NOW}, {"expires_at": NOW}])
def test_what_is_answered_or_has_run_out_cannot_be_answered(values: dict[str, Any]) -> None:
    with pytest.raises(AlreadyEndedError):
        require_answerable(request(**values), viewer(SECOND), now=NOW)
    require_answerable(request(), viewer(SECOND), now=NOW)


def test_two_people_can_do_each_of_these_in_some_role() -> None:
    assert all(ROLES_THAT_MAY[action] for action in FOUR_EYES)
