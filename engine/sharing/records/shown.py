"""What leaves a unit: consents, what was sent on them, links of partners, and matches with other units."""

from datetime import date, datetime
from uuid import UUID

from engine.core.policy import View


class NamedView(View):
    """Something with a name, to be chosen."""

    id: UUID
    name: str


class SharedLine(View):
    """One answer that a partner is shown."""

    label: str
    text: str


class ConsentView(View):
    """A line of the ledger of consents; `state` is live, withdrawn or ran_out."""

    id: UUID
    person: str
    kind: str
    purposes: tuple[str, ...]
    recipients: tuple[str, ...]
    parts: tuple[str, ...]
    fields: tuple[str, ...]
    language: str
    read_aloud: bool | None
    assent: str
    state: str
    valid_until: datetime | None
    recorded_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str
    step_id: UUID | None


class SharedView(View):
    """Something that was sent to another unit or partner, or waits to be, and all that became of it.

    `persons` are those of whom it is shown, by label. `ground` names the law when it left without consent. `views`
    counts how often a partner's link was used, and `link_until` is when it dies (UTC), None when none still lives.
    `phone` is the number at which whoever has accepted by a link can be rung.
    """

    id: UUID
    kind: str
    status: str
    to: str
    phone: str
    is_outside: bool
    is_hub: bool
    purpose: str
    help: str
    urgency: str
    parts: tuple[str, ...]
    fields: tuple[str, ...]
    persons: tuple[str, ...]
    consent_id: UUID | None
    ground: str
    law: str
    sent_at: datetime
    due_at: datetime | None
    asked_by: str
    released_by: str
    released_by_id: UUID | None
    second_by: str
    answered_at: datetime | None
    answered_by: str
    reason_code: str
    ended_at: datetime | None
    ended_reason: str
    views: int
    last_view_at: datetime | None
    link_until: datetime | None


class SharingView(View):
    """All that was agreed and sent of a case. `persons` are those of the case by label, `units` those to send to."""

    case_id: UUID
    number: str
    zone: str
    jurisdiction: str
    unit: str
    consents: tuple[ConsentView, ...]
    sent: tuple[SharedView, ...]
    persons: tuple[NamedView, ...]
    units: tuple[NamedView, ...]
    organisations: tuple[NamedView, ...]


class MatchView(View):
    """Another unit asks about a person of a case, or has answered to be called: which, and nothing of what it knows."""

    id: UUID
    case_id: UUID
    case_number: str
    unit: str
    contact: str
    found_at: datetime
    seen_at: datetime | None
    seen_by: str
    is_question: bool = False
    answer: str = ""
    answered_at: datetime | None = None
    answered_by: str = ""


class ProbeLine(View):
    """How often on a day persons whom somebody of a unit wrote down were compared with those of other units.

    `held` had to wait for another day, since it was too often.
    """

    day: date
    unit: str
    actor: str
    compared: int
    held: int


class PartnerPage(View):
    """What a partner without an account is shown of a referral: the agreed fields only once it was accepted."""

    number: str
    from_unit: str
    contact: str
    zone: str
    kind: str
    status: str
    purpose: str
    help: str
    urgency: str
    due_at: datetime | None
    until: datetime | None
    note: str
    lines: tuple[SharedLine, ...]
