"""The worklist: what is mine, what I may take; and the work of one's units, to be given to others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Generic, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from engine.core.policy import Action, units_that_let
from engine.deadlines.views.lists import asked_extensions, late_calls
from engine.messages.actions.channels import preference_of
from engine.people.records import shared_shifts
from engine.people.viewer import actors
from engine.people.views import shifts
from engine.sharing.views.sent import offers
from engine.web.dependencies import Posted, SignedIn
from engine.web.languages import say
from engine.web.posted import as_uuid, text, texts, uuid_or_none
from engine.web.security import local_path
from engine.web.times import zone_of
from engine.web.visit import Visit
from engine.work.actions.handing_over import hand_over_work
from engine.work.actions.items import claim_work_item, delegate_work_item, release_work_item
from engine.work.records import WorkItemView, WorkLine
from engine.work.views.team import movable_work
from engine.work.views.worklist import work_counts, work_item, work_items, work_lines
from engine.work.views.worklist import worklist as worklist_view

router = APIRouter()
_LONGEST: Final = 200
_WHOLE: Final = 2_000
"""So much work is looked at for the first page, and for a list of its own; of more the page says that there is."""
LINES: Final = 25
"""So many items stand on a page of a list."""
_ON_A_DESK: Final = 8
_ON_A_TELEPHONE: Final = 2
"""So many of each part are shown at first, in two screens; the rest is reached by when it is due."""
_WEEK: Final = 7


class Whose(StrEnum):
    """The parts of the worklist."""

    MINE = "mine"
    FREE = "free"


class DueGroup(StrEnum):
    """When the work of a list is due, in the order of urgency."""

    LATE = "late"
    TODAY = "today"
    TOMORROW = "tomorrow"
    WEEK = "week"
    LATER = "later"
    NEVER = "never"
    ALL = "all"

    @classmethod
    def of(cls, item: WorkItemView | WorkLine, *, now: datetime, zone: str) -> "DueGroup":
        """Say to which list an item belongs; days are those of `zone`."""
        if item.is_overdue or item.due_at is None:
            return cls.LATE if item.is_overdue else cls.NEVER
        days = (item.due_at.astimezone(zone_of(zone)).date() - now.astimezone(zone_of(zone)).date()).days
        return cls.TODAY if days <= 0 else cls.TOMORROW if days == 1 else cls.WEEK if days < _WEEK else cls.LATER


T = TypeVar("T", WorkItemView, WorkLine)


@dataclass(frozen=True, slots=True)
class WorkPart(Generic[T]):
    """One part of the worklist: those of the items that are shown in full, and how many there are of each list.

    Only the first `few` of the items are shown on a telephone, where that is not None.
    """

    whose: Whose
    items: tuple[T, ...]
    counts: dict[DueGroup, int]
    few: int | None = None
    has_more: bool = False

    @classmethod
    def of(
        cls,
        whose: Whose,
        items: Sequence[T],
        *,
        due: DueGroup | None,
        now: datetime,
        zone: str,
        page: int = 1,
    ) -> "WorkPart[T]":
        """Take a page of the items of one list, or the most urgent of all."""
        lists = [DueGroup.of(item, now=now, zone=zone) for item in items]
        counts = {one: lists.count(one) for one in DueGroup if one in lists} | {DueGroup.ALL: len(items)}
        if due is None:
            is_long = len(items) > _ON_A_TELEPHONE + 1
            return cls(whose, tuple(items[:_ON_A_DESK]), counts, _ON_A_TELEPHONE if is_long else None)
        shown = [item for item, found in zip(items, lists, strict=True) if due in {found, DueGroup.ALL}]
        end = page * LINES
        return cls(whose, tuple(shown[end - LINES : end]), counts, has_more=len(shown) > end)

    def filled(self, known: Mapping[UUID, WorkItemView]) -> "WorkPart[WorkItemView]":
        """Return it with the items in full; what somebody took in between is left out."""
        items = tuple(known[one.id] for one in self.items if one.id in known)
        return WorkPart(self.whose, items, self.counts, self.few, has_more=self.has_more)


@router.get("/worklist")
def worklist(
    visit: SignedIn,
    whose: Whose = Whose.MINE,
    due: DueGroup | None = None,
    page: Annotated[int, Query(ge=1, le=1_000)] = 1,
    papers: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """List what the viewer has claimed and what they may take, the most urgent first; or a page of one list.

    With `papers`, all that is theirs today, to be printed.
    """
    if papers:
        return _papers(visit)
    longest, zone = _longest(due, page), _zone(visit)
    found, calls = visit.soon(work_lines, limit=longest), visit.soon(late_calls)
    counts, asked = visit.soon(work_counts, zone=zone), visit.soon(asked_extensions)
    on_call, offered = visit.soon(shifts), visit.soon(offers)
    lines, late, now = found(), calls(), visit.engine.clock.now()
    chosen = (Whose.MINE, Whose.FREE) if due is None else (whose,)
    parts = [WorkPart.of(one, _of(one, lines), due=due, now=now, zone=zone, page=page) for one in chosen]
    items = visit.ask(work_items, [line.id for part in parts for line in part.items])
    work = [part.filled(items) for part in parts]
    shown = {item.step_id for part in work for item in part.items[: part.few]}
    return visit.page(
        "worklist.html",
        title="My work",
        section="manage",
        work=work,
        due=due,
        is_cut=len(lines) >= longest,
        page=page,
        counts=counts(),
        late={strip.deadline.step_id: strip for strip in late},
        late_elsewhere=[strip for strip in late if strip.is_asked and strip.deadline.step_id not in shown],
        asked=asked(),
        offers=[one for one in offered() if one.is_unfinished] if visit.may(Action.REFER) and due is None else [],
        on_call=[shift for shift in on_call() if shift.is_now],
        may_lead=visit.may(Action.DELEGATE),
        command_id=visit.new_command(),
    )


def _longest(due: DueGroup | None, page: int) -> int:
    """Return how much work is looked at: of all that somebody can take, so much more as they have themselves."""
    if due is None:
        return _LONGEST
    return min(_LONGEST + page * LINES + 1, _WHOLE) if due is DueGroup.ALL else _WHOLE


def _zone(visit: Visit) -> str:
    return preference_of(visit.engine, viewer=visit.viewer).zone or visit.viewer.zone


def _of(part: Whose, lines: Sequence[WorkLine]) -> list[WorkLine]:
    return [one for one in lines if one.is_mine is (part is Whose.MINE)]


def _papers(visit: Visit) -> Response:
    """Show what the viewer has claimed and is late or due today, whole, with the blank forms for it."""
    zone = _zone(visit)
    now = visit.engine.clock.now()
    today = [
        item
        for item in visit.ask(worklist_view, only_mine=True, limit=_WHOLE)
        if DueGroup.of(item, now=now, zone=zone) in {DueGroup.LATE, DueGroup.TODAY}
    ]
    known = visit.engine.registry.step_types
    asked = {one.uses: known[one.uses].title for one in today if one.uses in known and known[one.uses].form}
    return visit.page("worklist-papers.html", title="Today on paper", section="manage", items=today, forms=asked)


@router.post("/items/{item_id}/claim")
def claim(visit: SignedIn, item_id: UUID, form: Posted) -> Response:
    """Take an item, and open its form."""
    claim_work_item(visit.engine, item_id, viewer=visit.viewer, command_id=visit.command_of(form))
    return visit.go(f"/items/{item_id}", said="claimed")


@router.post("/items/{item_id}/release")
def release(visit: SignedIn, item_id: UUID, form: Posted) -> Response:
    """Give an item back."""
    release_work_item(visit.engine, item_id, viewer=visit.viewer, command_id=visit.command_of(form))
    return visit.go("/worklist", said="released")


@router.post("/items/{item_id}/delegate")
def delegate(visit: SignedIn, item_id: UUID, form: Posted) -> Response:
    """Give an item to somebody else."""
    to = uuid_or_none(form, "to")
    if to is None:
        visit.ask(work_item, item_id)
        message = "Choose who you are giving it to. Nothing was changed."
        heading = "Nobody was chosen"
        return visit.page("refused.html", title=heading, status=422, section="manage", heading=heading, message=message)
    command_id = visit.command_of(form, str(to))
    delegate_work_item(visit.engine, item_id, to=to, viewer=visit.viewer, command_id=command_id)
    return visit.go(local_path(text(form, "back") or "/worklist"), said="delegated")


_FREE: Final = "free"
_MOST_TAKERS: Final = 3
_MOST_GIVEN: Final = 40


@router.get("/team")
def movable(
    visit: SignedIn,
    of: Annotated[str, Query(max_length=_MOST_GIVEN)] = "",
    to: Annotated[tuple[str, ...], Query(max_length=_MOST_TAKERS)] = (),
) -> Response:
    """List the open work of the viewer's units, or what one person has, and whom it could go to."""
    return _page(visit, of, to)


@router.post("/team")
def handed_over(visit: SignedIn, form: Posted) -> Response:
    """Give what was ticked to whom the page said."""
    visit.must(Action.DELEGATE)
    items, shifts_given = _pairs(texts(form, "item")), _pairs(texts(form, "shift"))
    of, to = text(form, "of"), texts(form, "to")
    if not items and not shifts_given:
        return _page(visit, of, to, problem=say("Tick what is to be handed over. Nothing was changed."))
    command_id = visit.command_of(form, *sorted((*texts(form, "item"), *texts(form, "shift"))))
    done = hand_over_work(
        visit.engine, viewer=visit.viewer, command_id=command_id, items=items, shifts=shifts_given
    )  # fmt: skip
    if not done.stayed:
        return visit.go("/team", said="work_moved")
    moved = say("{count} handed over.", count=done.items + done.shifts)
    return _page(visit, of, to, problem=moved, stayed=tuple(dict.fromkeys(done.stayed.values())))


def _page(visit: Visit, of: str, to: Sequence[str], *, problem: str = "", stayed: tuple[str, ...] = ()) -> Response:
    giver = as_uuid(of)
    takers = tuple(dict.fromkeys(one for given in to if (one := as_uuid(given)) and one != giver))[:_MOST_TAKERS]
    found = visit.soon(movable_work, of=giver, is_free=of == _FREE, takers=takers)
    known, planned = visit.soon(actors), visit.soon(shifts)
    items, count = found()
    ours = units_that_let(visit.viewer, Action.DELEGATE)
    people = {one.id: one for one in known() if one.unit_id in ours or visit.viewer.is_system}
    return visit.page(
        "team.html",
        title="Work of my units",
        section="manage",
        status=422 if problem else 200,
        of=of,
        giver=people.get(giver) if giver else None,
        takers=takers,
        people=tuple(people.values()),
        names={one.id: one.name for one in people.values()},
        items=items,
        count=count,
        shifts=shared_shifts(planned(), known(), of=giver, takers=takers, viewer=visit.viewer),
        problem=problem,
        stayed=stayed,
        command_id=visit.new_command(),
    )


def _pairs(given: list[str]) -> Mapping[UUID, UUID]:
    """Return what was ticked, each with who gets it."""
    pairs = (value.partition(":") for value in given)
    return {what: to for one, _, other in pairs if (what := as_uuid(one)) and (to := as_uuid(other))}
