"""A request of somebody who is signed in: who they are, and how they are answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, cast
from urllib.parse import urlencode
from uuid import UUID, uuid5

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from engine.assembly import Engine
from engine.domain.four_eyes import FOUR_EYES, Kind
from engine.domain.policy import Action, can
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.portal.demo_controls import DemoControls
from engine.portal.pages import render
from engine.portal.posted import text, uuid_or_none
from engine.portal.presenters.times import zone_of
from engine.portal.security import is_unprotected
from engine.usecases.deciding import require_own
from engine.views import Viewer

_LONGEST_NUMBER: Final = 40
_OFTEN: Final = frozenset({Kind.RELEASE, Kind.MERGE, Kind.COPY, Kind.LOST_FACTOR})
"""What brings the list of what waits into the navigation, even when nothing does."""
SAYINGS: Final[Mapping[str, str]] = {
    "claimed": "It is yours now.",
    "file": "The file was sealed and kept.",
    "released": "It was given back: others may take it.",
    "delegated": "It was given to somebody else.",
    "draft": "Your draft was saved. Nothing has been sent.",
    "approved": "You approved it.",
    "returned": "You sent it back.",
    "acknowledged": "It was noted that you have seen it.",
    "read": "The notice was marked as read.",
    "read_all": "The notices were marked as read; critical ones are left for you to look at one by one.",
    "fact": "The fact was recorded.",
    "journey": "The journey was recorded, and the time limit was counted again.",
    "step": "The step was added.",
    "person": "The person was added.",
    "identified": "It was written down.",
    "role_changed": "The role was changed.",
    "same_person": "They are one person now. Both stay as they were written down.",
    "not_same": "They are two persons again.",
    "parted": "They are two persons now.",
    "brought": "The person is in that case too.",
    "linked": "The cases are linked.",
    "unlinked": "The link was taken back.",
    "merge_asked": "You asked for the merge. A second person has to agree.",
    "merged": "The cases were merged.",
    "merge_refused": "Nothing was merged.",
    "case_unmerged": "The merge was undone: both are cases of their own.",
    "split": "This is the case that came out of the other one.",
    "proposed": "It waits for a second person: nothing runs by it before they agree. They were told.",
    "day_added": "The day was added: open deadlines are counted again.",
    "day_removed": "The day was taken back: open deadlines are counted again.",
    "unchanged": "This text is what is published already: nothing was changed.",
    "reopened": "The case is open again. Add a step, or begin a workflow in it.",
    "closing_asked": "A second person has to agree, since something is open. Until then the case goes on.",
    "closed": "The case is closed. What was open was called off.",
    "begun": "The workflow began.",
    "cancelled": "The step was called off.",
    "retried": "The job will be tried again.",
    "paused": "The time limit stands still. It goes on by itself.",
    "resumed": "The time limit goes on.",
    "asked": "You asked for more time. A second person has to answer.",
    "given": "You gave more time. Who asked is told.",
    "not_given": "You refused more time. Who asked is told.",
    "owner": "It was noted whose delay it is.",
    "shift": "The shift was planned.",
    "handed_over": "It was handed over. Both were told.",
    "shift_off": "The shift was called off.",
    "away": "The absence was noted.",
    "back": "The absence is over.",
    "denied": "They must not see this case: it is hidden from them from now on.",
    "lift_asked": "You asked for it. A second person has to agree.",
    "lifted": "They may see the case again, as far as anything else lets them.",
    "not_lifted": "It stays as it was: they must not see the case.",
    "conflict": "No message of this case reaches them now.",
    "conflict_over": "They are told of this case again.",
    "accepted": "You took it on. Who offered it is told.",
    "declined": "You declined. Who offered it is told.",
    "consent": "The consent was written down.",
    "consent_back": "The consent was taken back. What was shared on it is called back, and who got it is told.",
    "sent": "It was written. Where somebody must release it, it waits for them; else they were asked.",
    "released_paper": "You released the paper: it may leave. Your name stands on it.",
    "released_it": "You released it. They were asked.",
    "released_once": "You released it. A second person must do so too.",
    "called_back": "It was called back. Who got it is told.",
    "match_seen": "It was noted that you have seen it.",
    "held_back": "Nothing of this case can be erased now.",
    "second_asked": "A second person has to agree.",
    "answered": "Your answer was written down.",
    "sealed": "The case is sealed: only its holder and the data-protection officer see it.",
    "erasure_asked": "It was asked for. Two people have to agree, each in another role.",
    "agreed": "You agreed. With the second who agrees, it cools off for seven days.",
    "copy_asked": "The copy was asked for.",
    "corrected": "It was written down; what was there before is kept, sealed.",
    "glass": "It was written down. If there is such a case, and nothing stands against it, you see it under Track now.",
    "glass_confirmed": "You confirmed that it was right.",
    "glass_ended": "It was ended: they do not see the case any more.",
    "concern": "It was told to one person, in confidence.",
    "concern_answered": "Your answer was written down. Who told it reads it.",
    "preferences": "What you chose was saved.",
    "contact": "Where you are reached was saved, sealed.",
    "letters": "It will be tried again.",
    "dropped": "It was taken off the list. The reason was kept.",
    "channel": "The channel was set up.",
    "channel_off": "The channel is used no longer.",
    "tried": "The trial was sent.",
    "password": "Your password was changed. You are signed out everywhere else.",
    "sessions": "It ended.",
    "form_dropped": "It was thrown away.",
    "role_given": "They have the role now, and sign in anew.",
    "role_taken": "They have the role no longer. What they may not do any more went back to all who may.",
    "supervisor": "It was noted who supervises them.",
    "deactivated": "They can no longer sign in or act. What was theirs was passed on, or somebody was told.",
    "activated": "They can sign in again.",
    "factor_lost": "The other administrators were told. One of them has to answer.",
    "factor_gone": "The second factor is gone, and their sessions ended.",
    "factor_kept": "You refused. The second factor stays.",
    "key_revoked": "The key counts no more.",
    "unit": "The unit was saved.",
    "law_signed": "You signed this text. It is called law from now on, where and when it is in force.",
    "law_revoked": "The signature was taken back: the limit is a target of the network again.",
    "clock": "The time was confirmed: deadlines fire.",
    "fired_again": "What was set aside will be tried again.",
    "time": "Time has passed.",
    "played": "The rest of the story was played.",
    "playing": "The rest of the story is being played. Load this page again in a moment.",
}
"""What a page can say of what was just done; the address carries only the key."""


@dataclass(frozen=True, slots=True)
class Portal:
    """What the portal was given when it was made."""

    engine: Engine
    demo: DemoControls | None
    prefect_ui_url: str | None


@dataclass(frozen=True, slots=True)
class Link:
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

    def may(self, action: Action) -> bool:
        """Say whether the person may do something at all."""
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
            return self.engine.queries.find_case(self.viewer, text(form, name)[:_LONGEST_NUMBER])
        except NotFoundError:
            problem = "There is no case with this number, or it is not yours to see."
            raise InvalidAnswersError({name: problem}) from None

    def new_command(self) -> UUID:
        """Give a page the id under which its form has its effect once."""
        return self.engine.entropy.uuid()

    def command_of(self, form: FormData, *which: str) -> UUID:
        """Give the id of what a form asks for: one for the same form sent again, another for each form of its page.

        Where forms of one page go to one address, `which` says what they differ by.
        """
        page_id = uuid_or_none(form, "command_id") or self.new_command()
        return uuid5(page_id, "|".join((self.request.url.path, *which)))

    def page(self, template: str, *, title: str, status: int = 200, section: str = "", **more: object) -> HTMLResponse:
        """Answer with a page; `section` is the door of the navigation that it belongs to."""
        waits = self.engine.queries.count_waiting(self.viewer)
        context = frame(self.portal, self.request, self.viewer, title=title, section=section, waits=waits) | more
        return HTMLResponse(render(template, context), status_code=status)

    def go(self, path: str, **query: str) -> RedirectResponse:
        """Send the browser on after something was done."""
        return RedirectResponse(f"{path}?{urlencode(query)}" if query else path, status_code=303)


def portal_of(request: Request) -> Portal:
    """Give what the portal was made with."""
    return cast("Portal", request.app.state.portal)


def frame(
    portal: Portal, request: Request, viewer: Viewer | None, *, title: str, section: str = "", waits: int = 0
) -> dict[str, object]:
    """Give what the frame of every page shows."""
    now = portal.engine.clock.now()
    return {
        "title": title,
        "viewer": viewer,
        "zone": viewer.zone if viewer else "UTC",
        "now": now,
        "demo": portal.engine.demo,
        "has_demo_controls": portal.demo is not None,
        "navigation": _navigation(portal, viewer, section, waits) if viewer else (),
        "said": SAYINGS.get(request.query_params.get("said", ""), ""),
        "unprotected": is_unprotected(request),
        "may_see_audit": viewer is not None and can(viewer, Action.SEE_AUDIT),
    }


def _navigation(portal: Portal, viewer: Viewer, section: str, waits: int) -> tuple[Link, ...]:
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
        ("Demo", "/demo", "demo", portal.demo is not None),
    ]
    return tuple(Link(text, href, key == section) for text, href, key, shown in doors if shown)
