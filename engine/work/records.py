"""Work items, their forms and answers, and the papers that belong to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from engine.core.policy import View
from engine.deadlines.records import DeadlineView

BESIDE: Final = "_"
"""With this begins, among sealed answers, what was typed beside the questions; no question's name does."""


class WorkItemView(View):
    """A line of a worklist."""

    id: UUID
    case_id: UUID
    case_number: str
    step_id: UUID
    step_key: str
    uses: str
    pillar: str
    title: str
    person_label: str
    status: str
    revision: int
    priority: int
    candidate_roles: tuple[str, ...]
    assignee: str | None
    is_mine: bool
    is_approval: bool
    opened_at: datetime
    due_at: datetime | None
    is_overdue: bool
    late_at: datetime | None = None


class WorkLine(NamedTuple):
    """An item of a worklist in brief."""

    id: UUID
    is_mine: bool
    due_at: datetime | None
    is_overdue: bool


class FollowedStep(View):
    """A step that an answer put off until its time, held, called off or gave to the system."""

    title: str
    person_label: str
    opens_at: datetime | None
    reason: str = ""


class FollowedView(View):
    """What followed from the answer of an item, and the next one of whoever answered; None when they have none."""

    item: WorkItemView
    opened: tuple[WorkItemView, ...]
    by_itself: tuple[FollowedStep, ...]
    later: tuple[FollowedStep, ...]
    called_off: tuple[FollowedStep, ...]
    is_closed: bool
    next: WorkItemView | None


MOST_COUNTED: Final = 1_000
"""Further nothing is counted that somebody could take: whoever has a thousand reads no number."""


class WorkCounts(View):
    """How much there is on somebody's work page: what is theirs, and what is free for them to take."""

    overdue: int
    due_today: int
    mine: int
    free: int
    to_acknowledge: int

    @property
    def shown(self) -> dict[str, str]:
        """The counts as people read them: of what is counted no further, "1000+"."""
        counts = self.model_dump()
        return {name: f"{MOST_COUNTED}+" if number >= MOST_COUNTED else str(number) for name, number in counts.items()}


class MovableItem(NamedTuple):
    """An open item with who of those chosen may have it, and whom it is meant to go to; None where it stays."""

    item: WorkItemView
    able: tuple[UUID, ...]
    to: UUID | None = None


def shared_out(items: Sequence[MovableItem], takers: Sequence[UUID]) -> tuple[MovableItem, ...]:
    """Share items among takers: those of a case stay together where they may, and who has fewest gets the next."""
    had: dict[UUID, UUID] = {}
    load = dict.fromkeys(takers, 0)
    found = []
    for one in items:
        able = [taker for taker in load if taker in one.able]
        before = had.get(one.item.case_id)
        to = before if before in able else min(able, key=load.__getitem__, default=None)
        if to is not None:
            had[one.item.case_id] = to
            load[to] += 1
        found.append(one._replace(to=to))
    return tuple(found)


class FieldView(View):
    """One question of a form, with what is known of its answer.

    Before one that is asked first is answered, the form takes no file and no hash; one that comes first is drawn before
    all others.
    """

    name: str
    kind: str
    label: str
    help: str
    required: bool
    first_bite: bool
    sensitivity: str
    choices: Mapping[str, str]
    shown_when: str
    value: object | None
    proposed: bool
    comes_first: bool = False
    is_asked_first: bool = False
    takes_not_known: bool = False


class AnswerView(View):
    """One given answer; `masked` ones are shown only after a recorded act."""

    name: str
    label: str
    text: str
    masked: bool


class DocumentView(View):
    """A paper that was made for a case; `may_open` says whether its text opens for the viewer."""

    id: UUID
    case_id: UUID
    name: str
    title: str
    number: str
    version: int
    made_at: datetime
    sha256: str
    released_by: str | None
    may_open: bool = False


class PaperView(DocumentView):
    """A paper as it is opened or released: when that was, in whose zone, and whether a newer one took its place."""

    released_at: datetime | None
    zone: str
    is_replaced: bool


class FileView(View):
    """A file of a case, without its name and content; `copy_size` (bytes) is None where there is no shared copy.

    `sha256` is the hash of the original as it came, for who may open it; one that is not readable was erased, or is
    damaged. One that is held back might show a child naked or abused: nobody opens it.
    """

    id: UUID
    kind: str
    media_type: str
    size: int
    copy_size: int | None
    scan: str
    added_at: datetime
    added_by: str
    classes: tuple[str, ...]
    may_open: bool
    sha256: str = ""
    is_readable: bool = True
    is_deferred: bool = False


class ProposedView(View):
    """Who is proposed for a work item that nobody has, and what they did before that speaks for them."""

    actor_id: UUID
    name: str
    did: str
    is_viewer: bool


class FormView(View):
    """A work item opened to be answered: all fields, what was saved as a draft, what was proposed."""

    item: WorkItemView
    purpose: str
    help: str
    fields: tuple[FieldView, ...]
    outcomes: Mapping[str, str]
    event_time_field: str | None
    notes: tuple[str, ...]
    documents: tuple[DocumentView, ...]
    deadline: DeadlineView | None
    submitted: tuple[AnswerView, ...]
    beside: Mapping[str, str] = {}
    """What a draft keeps beside the questions: `happened_at` (an instant in UTC, if it can be read), `reason`, ..."""
