"""People as those see them who manage them, from the first link on by which somebody sets a password."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from engine.approvals.records import ApprovalRequest
from engine.core.policy import Action, Viewer
from engine.errors import InvalidAnswersError
from engine.language.names import Role, role_words
from engine.people.actions import invitations, program_keys, second_factor
from engine.people.actions import manage as manage_people
from engine.people.actions.invitations import link_that_waits, new_link
from engine.people.records import SMALL_TEAM, ActorView, roles_of
from engine.people.viewer import units
from engine.people.views import member, unit_list
from engine.people.views import members as members_view
from engine.sign_in.actions.guarding import Tries
from engine.web.dependencies import Posted, SignedIn, tried
from engine.web.forms import summary_of
from engine.web.pages import render
from engine.web.posted import FIRST, Again, text, typed, uuid_or_none
from engine.web.problems import API
from engine.web.visit import Visit, frame, portal_of

NOBODY: Final = Viewer(actor_id=UUID(int=0), name="Portal", unit_ids=(), roles=())
"""Who asks before anyone is signed in: shown the invented people of a demo, and nothing else."""

_GROUPS: Final = (
    ("Take reports", {Role.INTAKE_OFFICER}),
    ("Lead cases and write workflows", {Role.CASE_MANAGER, Role.SUPERVISOR, Role.NODAL_OFFICER,
                                        Role.SAFEGUARDING_LEAD}),
    ("Work with police and courts", {Role.POLICE_LIAISON, Role.AHTU_OFFICER, Role.LAWYER}),
    ("Run the system", {Role.SYSTEM_ADMINISTRATOR, Role.AUDITOR}),
)  # fmt: skip
_OTHERS: Final = "Work with the person"

_FIELDS = ("name", "email", "organisation", "unit", "jurisdiction")


@dataclass(frozen=True, slots=True)
class Door:
    """Where somebody who knows nothing of ICMC can begin: what they see there, its address, and as what they come."""

    title: str
    does: str
    path: str
    role: Role | None = None


_DOORS: Final[Mapping[str, tuple[Door, ...]]] = {
    "Take reports": (
        Door("Take a report", "Answer six questions: a case opens, and its first work is there.", "/report"),
    ),
    _OTHERS: (Door("Do a day's work", "See what is to be done, take it, and answer its form.", "/worklist"),),
    "Lead cases and write workflows": (
        Door("Follow cases", "See where each case stands, and what is late.", "/cases"),
        Door(
            "Change how cases are handled",
            "Say who does what, and until when; try it out on invented cases.",
            "/workflows",
            Role.CASE_MANAGER,
        ),
    ),
    "Run the system": (Door("Run the system", "See what is running, waiting, late or failing.", "/board"),),
}


@dataclass(frozen=True, slots=True)
class Someone:
    """One of the demo's people."""

    id: UUID
    name: str
    unit: str
    does: str


@dataclass(frozen=True, slots=True)
class Group:
    """People who do the same sort of work."""

    title: str
    people: tuple[Someone, ...]
    doors: tuple[tuple[Door, UUID], ...] = ()
    """Each with the person who opens it."""


def groups_of(actors: Iterable[ActorView]) -> tuple[Group, ...]:
    """Group people by the first sort of work that one of their roles fits."""
    found: dict[str, list[ActorView]] = {title: [] for title in (_GROUPS[0][0], _OTHERS, *(t for t, _ in _GROUPS[1:]))}
    for actor in actors:
        if not actor.disabled and actor.roles:
            found[_title(actor.roles)].append(actor)
    return tuple(
        Group(title, tuple(map(_someone, people)), tuple(_doors(_DOORS.get(title, ()), people)))
        for title, people in found.items()
        if people
    )


def _someone(actor: ActorView) -> Someone:
    return Someone(actor.id, actor.name, actor.unit, ", ".join(role_words(role) for role in actor.roles))


def _doors(doors: Iterable[Door], people: Sequence[ActorView]) -> Iterator[tuple[Door, UUID]]:
    for door in doors:
        who = next((one for one in people if door.role in {None, *one.roles}), None)
        if who is not None:
            yield door, who.id


def _title(roles: tuple[str, ...]) -> str:
    return next((title for title, group in _GROUPS if not group.isdisjoint(roles)), _OTHERS)


router = APIRouter()
PAGE: Final = 14


@router.get("/people")
def people(visit: SignedIn, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
    """List who acts and acted."""
    return _people_page(visit, page=page)


@router.post("/people")
def invited(visit: SignedIn, form: Posted) -> Response:
    """Add somebody, and show the link by which they set their password, once."""
    visit.must(Action.MANAGE_PEOPLE)
    try:
        added = manage_people.invite(
            visit.engine, viewer=visit.viewer, name=text(form, "name"), email=text(form, "email"), unit_id=_unit(form),
            roles=roles_of(text(form, "role")), supervisor_id=uuid_or_none(form, "supervisor_id"),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _people_page(visit, Again(error.problems, typed(form)))
    return _link_page(visit, added.actor_id, added.token, waits="roles" if added.waits else "")


@router.get("/people/{actor_id}")
def person(visit: SignedIn, actor_id: UUID) -> Response:
    """Show somebody: roles, supervisor, how they sign in."""
    return _person_page(visit, actor_id)


@router.post("/people/{actor_id}/roles")
def role_given(visit: SignedIn, actor_id: UUID, form: Posted) -> Response:
    """Give a role in a unit."""

    def act(_: UUID) -> str:
        unit_id = _unit(form)
        counts = manage_people.give_role(
            visit.engine, actor_id, viewer=visit.viewer, unit_id=unit_id, role=text(form, "role")
        )  # fmt: skip
        return "role_given" if counts else "role_asked"

    return tried(visit, form, act, partial(_person_page, visit, actor_id), to=f"/people/{actor_id}")


@router.post("/people/{actor_id}/roles/take")
def role_taken(visit: SignedIn, actor_id: UUID, form: Posted) -> Response:
    """Take a role in a unit."""

    def act(_: UUID) -> str:
        unit_id = uuid_or_none(form, "unit_id") or UUID(int=0)
        manage_people.take_role(
            visit.engine, actor_id, viewer=visit.viewer, unit_id=unit_id, role=text(form, "role")
        )  # fmt: skip
        return "role_taken"

    return tried(visit, form, act, partial(_person_page, visit, actor_id), to=f"/people/{actor_id}")


@router.post("/people/{actor_id}/supervisor")
def supervisor_set(visit: SignedIn, actor_id: UUID, form: Posted) -> Response:
    """Say who supervises somebody."""

    def act(_: UUID) -> str:
        chosen = uuid_or_none(form, "supervisor_id")
        manage_people.set_supervisor(visit.engine, actor_id, viewer=visit.viewer, supervisor_id=chosen)
        return "supervisor"

    return tried(visit, form, act, partial(_person_page, visit, actor_id), to=f"/people/{actor_id}")


@router.post("/people/{actor_id}/link")
def link_made(visit: SignedIn, actor_id: UUID) -> Response:
    """Make a new link, and show it once."""
    made = new_link(visit.engine, actor_id, viewer=visit.viewer)
    return _link_page(visit, actor_id, made.token, waits="link" if made.waits else "")


@router.post("/people/{actor_id}/end-sessions")
def sessions_ended(visit: SignedIn, actor_id: UUID) -> Response:
    """End every session of somebody."""
    manage_people.end_all_sessions(visit.engine, actor_id, viewer=visit.viewer)
    return visit.go(f"/people/{actor_id}", said="sessions")


@router.post("/people/{actor_id}/deactivate")
def deactivated(visit: SignedIn, actor_id: UUID) -> Response:
    """Let somebody act no longer."""
    manage_people.deactivate(visit.engine, actor_id, viewer=visit.viewer)
    return visit.go(f"/people/{actor_id}", said="deactivated")


@router.post("/people/{actor_id}/activate")
def activated(visit: SignedIn, actor_id: UUID) -> Response:
    """Let somebody act again."""
    manage_people.activate(visit.engine, actor_id, viewer=visit.viewer)
    return visit.go(f"/people/{actor_id}", said="activated")


@router.post("/people/{actor_id}/lost-factor")
def factor_lost(visit: SignedIn, actor_id: UUID) -> Response:
    """Vouch for somebody who lost their second factor."""
    second_factor.report_lost(visit.engine, actor_id, viewer=visit.viewer)
    return visit.go(f"/people/{actor_id}", said="factor_lost")


@router.post("/people/{actor_id}/lost-factor/{request_id}")
def lost_answered(visit: SignedIn, actor_id: UUID, request_id: UUID, form: Posted) -> Response:
    """Take the lost factor away, or refuse; who vouched takes it back."""
    approved = text(form, "answer") == "yes"
    second_factor.answer_lost(visit.engine, request_id, viewer=visit.viewer, approved=approved)
    return visit.go(f"/people/{actor_id}", said="factor_gone" if approved else "factor_kept")


@router.get("/service-accounts")
def keys(visit: SignedIn) -> Response:
    """List the keys with which other programs ask."""
    return _keys_page(visit)


@router.post("/service-accounts")
def key_made(visit: SignedIn, form: Posted) -> Response:
    """Make a key, and show it once."""
    days, command_id = text(form, "days"), visit.command_of(form)
    try:
        made = program_keys.add_key(
            visit.engine, viewer=visit.viewer, account=text(form, "account"), unit=text(form, "unit"),
            name=text(form, "name"), scopes=[text(form, "scope")], command_id=command_id, secret=text(form, "secret"),
            days=int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0,  # noqa: PLR2004 - digits
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _keys_page(visit, Again(error.problems, typed(form)))
    address = f"{visit.engine.portal_url}{API}/gateways/{made.gateway_id}" if made.gateway_id else ""
    return visit.page(
        "key-made.html", title="A new key", key=made.key, waits=made.waits, address=address,
        signs_itself=made.signs_itself,
    )  # fmt: skip


@router.post("/service-accounts/{key_id}/revoke")
def key_revoked(visit: SignedIn, key_id: UUID) -> Response:
    """Let a key count no more."""
    program_keys.revoke_key(visit.engine, key_id, viewer=visit.viewer)
    return visit.go("/service-accounts", said="key_revoked")


def _unit(form: Posted) -> UUID:
    unit_id = uuid_or_none(form, "unit_id")
    if unit_id is None:
        raise InvalidAnswersError({"unit_id": "Choose a unit."})
    return unit_id


def _people_page(visit: Visit, again: Again = FIRST, page: int = 1) -> Response:
    may_manage = visit.may(Action.MANAGE_PEOPLE)
    listed, known = visit.soon(members_view), visit.soon(unit_list) if may_manage else tuple
    members = [one for one in listed() if not one.is_service]
    return visit.page(
        "people.html",
        title="People",
        section="people",
        people=members,
        shown=members[(page - 1) * PAGE : page * PAGE],
        page=page,
        has_more=len(members) > page * PAGE,
        units=known(),
        may_manage=may_manage,
        roles=[(role.value, role.label) for role in Role] + [(key, words) for key, (words, _) in SMALL_TEAM.items()],
        again=again,
    )


def _person_page(visit: Visit, actor_id: UUID, *, again: Again = FIRST) -> Response:
    may_manage = visit.may(Action.MANAGE_PEOPLE)
    found, known = visit.soon(member, actor_id), visit.soon(members_view) if may_manage else tuple
    visit.soon(units)
    shown, members = found(), known()
    lost = second_factor.lost_factor_of(visit.engine, actor_id)
    return visit.page(
        "member.html",
        title=shown.name,
        section="people",
        person=shown,
        may_manage=may_manage,
        may_lead=visit.may(Action.DELEGATE),
        is_self=shown.id == visit.viewer.actor_id,
        others=[one for one in members if not one.is_service and not one.disabled and one.id != actor_id],
        units=visit.ask(units),
        roles=[(role.value, role.label) for role in Role],
        failures=sum(Tries(visit.engine, account=name, network="").failures() for name in (shown.email, str(actor_id))),
        asked=[(one, _unit_name(visit, one)) for one in manage_people.asked_roles(visit.engine, actor_id)],
        link_waits=link_that_waits(visit.engine, actor_id) is not None,
        lost=lost,
        may_answer=lost is not None and may_manage and visit.viewer.actor_id not in {lost.asked_by, actor_id},
        may_take_back=lost is not None and lost.asked_by == visit.viewer.actor_id,
        again=again,
    )


def _unit_name(visit: Visit, request: ApprovalRequest) -> str:
    names = {str(unit_id): name for unit_id, name in visit.ask(units)}
    return names.get(request.subject["unit_id"], "")


def _link_page(visit: Visit, actor_id: UUID, token: str, *, waits: str) -> Response:
    shown = visit.ask(member, actor_id)
    link = f"{visit.engine.portal_url}/invitation/{token}"
    return visit.page("link-made.html", title="A link for them", section="people", person=shown, link=link, waits=waits)


def _keys_page(visit: Visit, again: Again = FIRST) -> Response:
    return visit.page(
        "service-accounts.html",
        title="Programs with access",
        section="people",
        keys=program_keys.keys(visit.engine, viewer=visit.viewer),
        units=[name for _, name in visit.ask(units)],
        scopes=tuple(program_keys.SCOPES.items()),
        words=program_keys.SCOPES,
        command_id=visit.new_command(),
        again=again,
    )


@router.get("/first/{token}")
def first(request: Request, token: str) -> Response:
    """Ask the first administrator who they are."""
    invitations.require_first_link(portal_of(request).engine, token)
    return _first_page(request, {}, {})


@router.post("/first/{token}")
def begun(request: Request, token: str, form: Posted) -> Response:
    """Write the first administrator with their unit."""
    given = {name: text(form, name) for name in _FIELDS}
    answers = invitations.FirstAnswers(**given, password=_secret(form))
    try:
        invitations.begin(portal_of(request).engine, token, answers)
    except InvalidAnswersError as error:
        shown = {name: value for name, value in typed(form).items() if name != "password"}
        return _first_page(request, error.problems, shown)
    return _done(request)


@router.get("/invitation/{token}")
def link_opened(request: Request, token: str) -> Response:
    """Ask for a password."""
    return _invitation_page(request, invitations.open_link(portal_of(request).engine, token), {})


@router.post("/invitation/{token}")
def accepted(request: Request, token: str, form: Posted) -> Response:
    """Set the password, and use the link up."""
    engine = portal_of(request).engine
    opened = invitations.open_link(engine, token)
    try:
        invitations.set_first_password(engine, token, password=_secret(form))
    except InvalidAnswersError as error:
        return _invitation_page(request, opened, error.problems)
    return _done(request)


def _secret(form: Posted) -> str:
    given = form.get("password", "")
    return given if isinstance(given, str) else ""


def _first_page(request: Request, errors: Mapping[str, str], given: Mapping[str, str]) -> Response:
    places = sorted(portal_of(request).engine.library().calendars)
    return _page(request, "first-run.html", "Set up this system", errors, typed=given, places=places)


def _invitation_page(request: Request, opened: invitations.OpenedInvitation, errors: Mapping[str, str]) -> Response:
    return _page(request, "invitation.html", "Set your password", errors, opened=opened)


def _done(request: Request) -> Response:
    return _page(request, "password-set.html", "Your password is set", {})


def _page(request: Request, template: str, title: str, errors: Mapping[str, str], **more: object) -> Response:
    problems = summary_of(errors)
    context = frame(portal_of(request), request, None, title=title) | {"errors": errors, "problems": problems} | more
    return HTMLResponse(render(template, context), status_code=422 if errors else 200)
