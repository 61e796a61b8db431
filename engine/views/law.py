"""A limit of the law as it stands in a case: whether it applies, why, what is missing, and when it falls due."""

from datetime import datetime
from uuid import UUID

from engine.views.base import View
from engine.views.deadlines import DeadlineView
from engine.views.explanations import ExplanationView, ReasonView


class PointsToView(View):
    """What the answers point to under one definition of trafficking (`palermo`, `bns143`); never a finding of law.

    `truth` is one of: true, false, unknown. No reason names an answer that is masked.
    """

    person_label: str
    law: str
    truth: str
    words: str
    reasons: tuple[str, ...]
    missing: tuple[str, ...]


class LawOfCaseView(View):
    """The answer to "does this limit count here?".

    `applies` is one of: yes, no, unknown; what is unknown counts. `missing` names what has to be known for a final
    answer, `treated` how the limit is treated until then. `followed_by` are the deadlines of the case that follow it;
    where there is none, `would_be` says line by line when it would fall due (`would_be_due`, UTC), if its start is
    known. `others` names the versions of the limit that do not count here, with why.
    """

    case_id: UUID
    case_number: str
    limit_id: str
    what: str
    source: str
    term: str
    force: str
    confidence: str
    signed: str
    applies: str
    is_used: bool
    reasons: tuple[ReasonView, ...]
    missing: tuple[str, ...]
    treated: str
    followed_by: tuple[DeadlineView, ...]
    would_be: tuple[ReasonView, ...]
    would_be_due: datetime | None
    others: tuple[str, ...]


class LawExplanationView(LawOfCaseView):
    """The same with each of its deadlines explained: why it falls when it falls, and who is told when."""

    deadlines: tuple[ExplanationView, ...]
