"""How long data is kept, as people see it: holds, seals, erasures, proposals, copies, counts."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from engine.core.policy import View


class LegalHoldView(View):
    """Why nothing of a case may be erased; the words are left out."""

    id: UUID
    case_id: UUID
    case_number: str
    kind: str
    words: str
    placed_at: datetime
    placed_by: str
    lift_asked_by_id: UUID | None
    lift_asked_by: str
    lifted_at: datetime | None


class RestrictionView(View):
    """That a case is kept and used for nothing, and who holds it."""

    case_id: UUID
    case_number: str
    ground: str
    placed_at: datetime
    placed_by: str
    holder_id: UUID
    holder: str
    lift_asked_by_id: UUID | None
    lift_asked_by: str


class ErasureView(View):
    """That what identifies a person is to be destroyed, or was. `agreed` names role and person of who agreed.

    `copies` says of those in logs and backups whether they are `dead`, will be at `keys_gone_at` (`later`), or should
    be and are not (`late`).
    """

    id: UUID
    case_id: UUID
    case_number: str
    person_label: str
    status: str
    source: str
    ground: str
    asked_at: datetime
    asked_by: str
    asked_by_id: UUID | None
    agreed: tuple[str, ...]
    agreed_ids: tuple[UUID, ...]
    cooling_until: datetime | None
    ended_at: datetime | None
    ended_reason: str
    keys_gone_at: datetime | None
    copies: str


class ProposalView(View):
    """What a retention policy proposes for a case."""

    id: UUID
    case_id: UUID
    case_number: str
    act: str
    policy: str
    due_at: datetime
    kept_until: datetime | None


class EraseCopyView(View):
    """That our unit is asked to erase its copy of what was erased elsewhere."""

    id: UUID
    case_number: str
    unit: str
    sent_at: datetime
    due_at: datetime
    answered_at: datetime | None
    answer: str


class RetentionView(View):
    """All that waits or holds in the viewer's units."""

    erasures: tuple[ErasureView, ...]
    proposals: tuple[ProposalView, ...]
    holds: tuple[LegalHoldView, ...]
    restrictions: tuple[RestrictionView, ...]
    to_erase: tuple[EraseCopyView, ...]


class SheetView(View):
    """Lines of a copy as they go into a spreadsheet: only what everybody of the unit sees, nobody's name."""

    what: str
    header: tuple[str, ...]
    lines: tuple[tuple[str | int | datetime | None, ...], ...]


class ExportCopyView(View):
    """A copy that was asked for; `is_mine` for who asked."""

    id: UUID
    number: int
    asked_by: str
    is_mine: bool
    asked_at: datetime
    what: str
    purpose: str
    counted: int
    status: str
    answered_by: str
    expires_at: datetime
    fetched_at: datetime | None
    rows: int | None


class SubjectLine(View):
    """One thing that is held about a person."""

    label: str
    text: str


class SubjectSection(View):
    """What one step of a case holds about a person."""

    title: str
    at: datetime | None
    lines: tuple[SubjectLine, ...]
    is_unreadable: bool = False


class CorrectionView(View):
    """What was corrected or remarked upon, by whom, and why."""

    made_at: datetime
    made_by: str
    kind: str
    reason: str
    words: Mapping[str, str]


class SubjectView(View):
    """All that is held about a person in a case, for them to see."""

    case_id: UUID
    case_number: str
    person_id: UUID
    label: str
    roles: tuple[str, ...]
    unit: str
    contact: str
    zone: str
    since: datetime
    identity: tuple[SubjectLine, ...]
    sections: tuple[SubjectSection, ...]
    papers: tuple[SubjectLine, ...]
    consents: tuple[SubjectLine, ...]
    shared: tuple[SubjectLine, ...]
    coming: tuple[SubjectLine, ...]
    corrections: tuple[CorrectionView, ...]
