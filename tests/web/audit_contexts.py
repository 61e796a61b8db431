"""What the templates of the audit, of emergency access and of concerns are given in tests."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from engine.access.records import REASONS
from engine.approvals.actions.concerns import KINDS, STATUSES
from engine.audit.records import AccountLine, AuditLine, ConcernLine, EmergencyLine, EmergencyView, ReaderLine
from engine.core.policy import View
from engine.overview.records.cases import CaseView
from engine.sharing.records.shown import ProbeLine
from engine.work.records import PaperView

NOW = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
ID = UUID(int=7)


def audit_contexts(
    view: Callable[[type[View]], Any], some: Callable[[Any], Any], nasty: str, *, full: bool
) -> dict[str, dict[str, Any]]:
    """Return the context of each template."""
    names = ("number", "reason_code", "words", "hours", "kind", "about_id", "status")
    form = {
        "typed": dict.fromkeys(names, nasty) if full else {}, "errors": dict.fromkeys(names, nasty) if full else {},
        "problems": some(("#words", nasty)), "command_id": ID,
    }  # fmt: skip
    emergency, case = view(EmergencyView), view(CaseView)
    words = {"kinds": KINDS, "statuses": STATUSES}
    asked = dict.fromkeys(("sort", "actor", "number", "since", "until"), nasty if full else "")
    return {
        "emergency-access.html": form | {"may_ask": full, "mine": some(view(EmergencyLine)), "waiting": some(emergency),
                                    "reasons": REASONS, "hours": range(1, 5)},
        "emergency-access-one.html": {"emergency": emergency, "reasons": REASONS, "command_id": ID},
        "concerns.html": form | words | {"concerns": some(view(ConcernLine)), "people": some((ID, nasty))},
        "concern.html": form | words | {"concern": view(ConcernLine), "case_number": nasty if full else "",
                                        "words": nasty, "answer": nasty if full else "",
                                        "answered_at": NOW if full else None},
        "audit.html": {"lines": some(view(AuditLine)), "probes": some(view(ProbeLine)),
                       "most": {"person": 40, "unit": 200}, "sorts": {"": "Everything"}, "asked": asked,
                       "page": 2 if full else 1, "has_more": full, "people": some((ID, nasty))},
        "release-paper.html": {"paper": view(PaperView), "leaves": full, "problems": some(("#release", nasty)),
                               "command_id": ID},
        "readings.html": {"case": case, "lines": some(view(ReaderLine))},
        "account-of-case.html": {"case": case, "lines": some(view(AccountLine))},
    }  # fmt: skip
