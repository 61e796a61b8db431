"""A request of somebody who is signed in: who they are, and how they are answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Concatenate, Final, cast
from urllib.parse import urlencode
from uuid import UUID, uuid5

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from engine.approvals.records import FOUR_EYES, ApprovalKind
from engine.approvals.views import count_waiting
from engine.assembly import Engine
from engine.cases.actions.deciding import require_own
from engine.cases.views.lists import find_case
from engine.core.policy import Action, Viewer, can
from engine.db.asking import P, Soon, T
from engine.db.reading import Reading, Together
from engine.definitions.rehearsed import Rehearsal
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.web.forms import summary_of
from engine.web.pages import render
from engine.web.posted import Again, text, uuid_or_none
from engine.web.security import is_unprotected, list_of_cases
from engine.web.times import zone_of
from engine.web.turns import KnownSessions

_LONGEST_NUMBER: Final = 40
_OFTEN: Final = frozenset({ApprovalKind.RELEASE, ApprovalKind.MERGE, ApprovalKind.COPY, ApprovalKind.LOST_FACTOR})
"""What brings the list of what waits into the navigation, even when nothing does."""
SAYINGS: Final[Mapping[str, str]] = {
    "claimed": "You have taken this work.",
    "file": "The file was encrypted and stored.",
    "released": "You gave it back: others can take it now.",
    "delegated": "It was given to someone else.",
    "work_moved": "What you ticked was handed over. Everyone concerned was notified.",
    "draft": "Your draft was saved. Nothing has been sent.",
    "approved": "You approved it.",
    "returned": "You sent it back.",
    "acknowledged": "It was recorded that you have seen this.",
    "read": "The notice was marked as read.",
    "read_all": "The notices were marked as read; critical ones are left for you to look at one by one.",
    "noted": "Your note was saved, encrypted.",
    "fact": "The fact was recorded.",
    "journey": "The journey was recorded, and the due date was recalculated.",
    "step": "The step was added.",
    "person": "The person was added.",
    "identified": "It was recorded.",
    "role_changed": "The role was changed.",
    "same_person": "They are linked as one person now. Both records stay as they were.",
    "not_same": "They are two people again.",
    "parted": "They are two people now.",
    "brought": "The person was added to that case too.",
    "linked": "The cases are linked.",
    "unlinked": "The link was removed.",
    "merge_asked": "You asked for the merge. A second person has to agree.",
    "merged": "The cases were merged.",
    "merge_refused": "Nothing was merged.",
    "case_unmerged": "The merge was undone: both are cases of their own.",
    "split": "This is the new case that was split from the other one.",
    "proposed": "It is waiting for a second person: nothing changes before they agree. They have been notified.",
    "draft_saved": "Your draft was saved. Nothing runs by it before it is proposed and a second person agrees.",
    "draft_undo": "What you saved last was undone.",
    "draft_discard": "Your draft was discarded.",
    "day_added": "The day was added: open deadlines are recalculated.",
    "day_removed": "The day was removed: open deadlines are recalculated.",
    "unchanged": "This is the text that is already published: nothing was changed.",
    "reopened": "The case is open again. Add a step, or begin a workflow in it.",
    "closing_asked": "A second person has to agree, because something is still open. Until then the case stays open.",
    "closed": "The case is closed. What was open was cancelled.",
    "begun": "The workflow has begun.",
    "moving": "Your wish was recorded. Below you see how far it has come.",
    "moved": "The case follows this workflow now. What was done stays done.",
    "cancelled": "The step was cancelled.",
    "retried": "The job will be tried again.",
    "skipped": "The job was skipped. The history of its case says so, with the reason.",
    "jobs_paused": "Automatic work is paused. What was begun is finished, and all else is waiting.",
    "jobs_resumed": "Automatic work goes on.",
    "paused": "The deadline is paused. It resumes by itself.",
    "resumed": "The deadline has resumed.",
    "rung": "The call was recorded.",
    "asked": "You asked for more time. A second person has to answer.",
    "hub_asked": "The hub was added. A second person has to confirm its keys first, and was notified.",
    "hub_keys": "The keys of your hub were changed. Export the key file again.",
    "hub_live": "Its keys are confirmed: you can work with this hub.",
    "hub_ended": "Nothing is sent to this hub or taken from it.",
    "hub_told": "It is on its way to the other hub.",
    "given": "You gave more time. Whoever asked is notified.",
    "not_given": "You refused more time. Whoever asked is notified.",
    "owner": "It was recorded who is responsible for the delay.",
    "numbers_saved": "It is saved. You find it under Numbers, Saved numbers.",
    "numbers_monthly": "Your choice was saved.",
    "numbers_deleted": "It was deleted.",
    "shift": "The shift was planned.",
    "handed_over": "The shift was handed over. Both people were notified.",
    "shift_off": "The shift was cancelled.",
    "away": "The absence was recorded.",
    "back": "The absence is over.",
    "recused": "This case is hidden from them from now on, and they receive no more messages about it.",
    "lift_asked": "Your request was recorded. A second person has to agree.",
    "lifted": "Their access was restored, as far as their roles allow it.",
    "not_lifted": "Nothing was changed: they must not see the case.",
    "recusal_over": "The conflict of interest is over: they receive messages about this case again.",
    "accepted": "You accepted this work. The unit that offered it is notified.",
    "declined": "You declined. The unit that offered it is notified.",
    "help_given": "The unit that asked is notified. Your unit sees no more of this case.",
    "consent": "The consent was recorded.",
    "consent_back": "The consent was withdrawn. Whatever was shared under it is recalled, and whoever received it is"
    " notified.",
    "sent": "Your request was recorded. If someone must release it first, it is waiting for them; otherwise it has"
    " been sent.",
    "released_paper": "You released the document: it may leave the network. Your name appears on it.",
    "released_it": "You released it, and the request was sent.",
    "released_once": "You released it. A second person must release it too.",
    "called_back": "It was recalled. Whoever received it is notified.",
    "match_answered": "Your answer was recorded. If you said yes, the other unit is asked to call you.",
    "match_seen": "It was recorded that you have seen this.",
    "held_back": "There is a hold on this case: nothing in it can be erased now.",
    "second_asked": "A second person has to agree.",
    "answered": "Your answer was recorded.",
    "sealed": "The case is restricted: only the person responsible for it and the data-protection officer can see it.",
    "erasure_asked": "The erasure was requested. Two people have to agree, each in a different role.",
    "agreed": "You agreed. Once a second person has agreed, there is a waiting period of seven days.",
    "copy_asked": "The copy was requested.",
    "corrected": "It was recorded; the earlier entry is kept, encrypted.",
    "emergency": "Your request was recorded. If the case exists and nothing prevents you from seeing it, you will find"
    " it under Track now.",
    "emergency_confirmed": "You confirmed that it was justified.",
    "emergency_ended": "The access was ended: they can no longer see the case.",
    "concern": "Your concern was passed to one person, in confidence.",
    "concern_answered": "Your answer was recorded. The person who reported the concern can read it.",
    "preferences": "Your choices were saved.",
    "filter_saved": "The filter was saved. You find it above the list, on every device.",
    "filter_deleted": "The filter was deleted.",
    "language": "Your language was saved.",
    "contact": "Your number was saved, encrypted.",
    "letters": "It will be tried again.",
    "dropped": "It was removed from the list. The reason was kept.",
    "channel": "The channel was set up.",
    "channel_off": "The channel is no longer used.",
    "tried": "The test message was sent.",
    "password": "Your password was changed. You are signed out everywhere else.",
    "sessions": "The session was ended.",
    "form_dropped": "It was discarded.",
    "role_given": "They have the role now, and must sign in again.",
    "role_asked": "Someone who leads the unit was asked to agree: the role takes effect when they do.",
    "role_taken": "They no longer have the role. Work that they may no longer do went back to everyone who may.",
    "supervisor": "Their supervisor was recorded.",
    "deactivated": "They can no longer sign in or act. Their work was passed on, or someone was notified.",
    "activated": "They can sign in again.",
    "factor_lost": "The other administrators were notified. One of them has to answer.",
    "factor_gone": "The second factor was removed, and their sessions ended.",
    "factor_kept": "You refused. The second factor stays.",
    "key_revoked": "The key is no longer valid.",
    "unit": "The unit was saved.",
    "public_begun": "The unit takes reports from the public now. Make sure that someone reads them at all hours.",
    "public_ended": "The unit takes no more reports from the public.",
    "law_signed": "You signed this text. From now on it is called law, where and when it is in force.",
    "law_revoked": "The signature was withdrawn: the limit is a network target again.",
    "clock": "The clock was confirmed: deadlines run again.",
    "fired_again": "What was set aside will be tried again.",
    "time": "Time has passed.",
    "afresh": "You begin again: the cases are as they were at the beginning.",
    "passing": "Time is passing: there is much to do on the way. Load this page again in a moment.",
    "played": "The rest of the story was played.",
    "playing": "The rest of the story is being played. Load this page again in a moment.",
}
"""What a page can say of what was just done; the address carries only the key."""


@dataclass(frozen=True, slots=True)
class DemoControls:
    """What only a demo can do; it comes from outside, since the portal knows no replayer.

    `let_time_pass` and `play_rest` give False while they still go on; `has_story` says whether a case came from one.
    `is_training` is one person's own demo, which they can begin anew.
    """

    let_time_pass: Callable[[timedelta], object]
    play_rest: Callable[[UUID], object]
    has_story: Callable[[UUID], bool] = lambda _case_id: True
    is_training: bool = False


@dataclass(frozen=True, slots=True)
class Portal:
    """What the portal was given when it was made.

    `practise` gives somebody the address of their training space, good for a minute; None while none is open.
    """

    engine: Engine
    demo: DemoControls | None
    prefect_ui_url: str | None
    rehearsal: Rehearsal | None = None
    sessions: KnownSessions = field(default_factory=KnownSessions)
    practise: Callable[[Viewer], str | None] = lambda _viewer: None

    @property
    def is_training(self) -> bool:
        """Whether this is somebody's training space."""
        return self.demo is not None and self.demo.is_training


@dataclass(frozen=True, slots=True)
class NavigationLink:
    """A line of the navigation."""

    text: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of one signed-in person."""

    request: Request
    portal: Portal
    viewer: Viewer
    asks: Together
    asked: list[tuple[tuple[object, ...], Soon[Any]]] = field(default_factory=list)
    """What was asked for so far, while a page is only shown."""

    @property
    def engine(self) -> Engine:
        """The system."""
        return self.portal.engine

    @property
    def now(self) -> datetime:
        """The time of cases; in the demo it can be moved on."""
        return self.engine.clock.now()

    @property
    def today(self) -> date:
        """The present day where the viewer works."""
        return self.now.astimezone(zone_of(self.viewer.zone)).date()

    def soon(self, view: Callable[Concatenate[Reading, Viewer, P], T], *args: P.args, **kwargs: P.kwargs) -> Soon[T]:
        """Return what a view will show: views that a page asks for before it needs an answer are asked together.

        While a page is only shown, the same question is asked once.
        """
        if self.request.method != "GET":
            return self.asks.soon(view, *args, **kwargs)
        if not self.asked:
            self.asked.append(((count_waiting,), self.asks.soon(count_waiting)))
        question = (view, *args, *kwargs.items())
        known = next((soon for asked, soon in self.asked if asked == question), None)
        if known is None:
            known = self.asks.soon(view, *args, **kwargs)
            self.asked.append((question, known))
        return cast("Soon[T]", known)

    def ask(self, view: Callable[Concatenate[Reading, Viewer, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a view shows; raises what the view raises."""
        return self.soon(view, *args, **kwargs)()

    def may(self, action: Action) -> bool:
        """Return whether the person may do something at all."""
        return can(self.viewer, action)

    def must(self, action: Action, case_id: UUID | None = None) -> None:
        """Refuse whoever may not do something, at all or with a case of their unit, before their form is looked at.

        Raises `NotAllowedError`, and `NotFoundError` for a case that they do not see as its own unit does.
        """
        if case_id is not None:
            require_own(self.engine, case_id, viewer=self.viewer, action=action)
        elif not self.may(action):
            raise NotAllowedError(actor=self.viewer.name, action=action.value)

    def case_of_number(self, form: FormData, name: str) -> UUID:
        """Find the case whose number was typed in a field; raises `InvalidAnswersError` for one that is not theirs."""
        try:
            return self.ask(find_case, text(form, name)[:_LONGEST_NUMBER])
        except NotFoundError:
            problem = "There is no case with this number, or you are not allowed to see it."
            raise InvalidAnswersError({name: problem}) from None

    def new_command(self) -> UUID:
        """Return a page the id under which its form has its effect once."""
        return self.engine.entropy.uuid()

    def command_of(self, form: FormData, *which: str) -> UUID:
        """Return the id of what a form asks for: one for the same form sent again, another for each form of its page.

        Where forms of one page go to one address, `which` says what they differ by.
        """
        page_id = uuid_or_none(form, "command_id") or self.new_command()
        return uuid5(page_id, "|".join((self.request.url.path, *which)))

    def page(
        self,
        template: str,
        *,
        title: str,
        status: int = 200,
        section: str = "",
        again: Again | None = None,
        **more: object,
    ) -> HTMLResponse:
        """Answer with a page; `section` is its door of the navigation, `again` what its form shows again."""
        waits = self.ask(count_waiting)
        context = frame(self.portal, self.request, self.viewer, title=title, section=section, waits=waits)
        if again is not None:
            status = 422 if again.errors else status
            context |= again._asdict() | {"problems": summary_of(again.errors)}
            context["command_id"] = again.command_id or self.new_command()
        return HTMLResponse(render(template, context | more), status_code=status)

    def go(self, path: str, **query: str) -> RedirectResponse:
        """Send the browser on after something was done."""
        return RedirectResponse(f"{path}?{urlencode(query)}" if query else path, status_code=303)


def portal_of(request: Request) -> Portal:
    """Return what the portal was made with."""
    return cast("Portal", request.app.state.portal)


def bare_frame(portal: Portal, request: Request, *, title: str) -> dict[str, object]:
    """Return what the frame of a page shows that asks the database for nothing, not even who is there."""
    demo, training = portal.engine.demo, portal.is_training
    return outer_frame(request, title=title, now=portal.engine.wall_clock.now(), demo=demo, training=training)


def outer_frame(request: Request, *, title: str, now: datetime, demo: bool, training: bool) -> dict[str, object]:
    """Return the same where there is no portal at all."""
    return {
        "title": title,
        "viewer": None,
        "zone": "UTC",
        "now": now,
        "demo": demo,
        "training": training,
        "has_demo_controls": False,
        "navigation": (),
        "said": "",
        "unprotected": is_unprotected(request),
        "may_see_audit": False,
    }


def frame(
    portal: Portal, request: Request, viewer: Viewer | None, *, title: str, section: str = "", waits: int = 0
) -> dict[str, object]:
    """Return what the frame of every page shows."""
    now = portal.engine.clock.now()
    return {
        "title": title,
        "viewer": viewer,
        "zone": viewer.zone if viewer else "UTC",
        "now": now,
        "demo": portal.engine.demo,
        "training": portal.is_training,
        "has_demo_controls": portal.demo is not None,
        "navigation": _navigation(portal, viewer, section, waits) if viewer else (),
        "said": SAYINGS.get(request.query_params.get("said", ""), ""),
        "unprotected": is_unprotected(request),
        "list_of_cases": list_of_cases(request),
        "may_see_audit": viewer is not None and can(viewer, Action.SEE_AUDIT),
    }


def _navigation(portal: Portal, viewer: Viewer, section: str, waits: int) -> tuple[NavigationLink, ...]:
    answers = waits > 0 or any(can(viewer, rule.answers) for kind, rule in FOUR_EYES.items() if kind in _OFTEN)
    doors = [
        ("Home", "/", "home", True),
        ("Report", "/report", "report", can(viewer, Action.OPEN_CASE)),
        ("Manage", "/worklist", "manage", can(viewer, Action.WORK)),
        ("Track", "/cases", "track", can(viewer, Action.SEE_CASES)),
        ("Transmit", "/transmit", "transmit", True),
        (f"Second person ({waits})" if waits else "Second person", "/waiting", "waiting", answers),
        ("Workflows", "/workflows", "workflows", True),
        ("Law", "/law", "law", can(viewer, Action.SIGN_LAW)),
        ("Board", "/board", "board", can(viewer, Action.SEE_BOARD)),
        ("People", "/people", "people", can(viewer, Action.SEE_PEOPLE)),
        ("Training" if portal.is_training else "Demo", "/demo", "demo", portal.demo is not None),
    ]
    return tuple(NavigationLink(text, href, key == section) for text, href, key, shown in doors if shown)
