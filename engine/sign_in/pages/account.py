"""My account: password, second factor, recovery codes, sessions."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from engine.errors import InvalidAnswersError, NotFoundError, WrongCodeError
from engine.messages.actions.channels import choose_page_language
from engine.people.actions import second_factor
from engine.sign_in.actions import account as own_account
from engine.sign_in.actions.account import require_step_up
from engine.sign_in.passwords import picture
from engine.web.dependencies import Posted, SignedIn
from engine.web.languages import spoken
from engine.web.pages import drawing
from engine.web.posted import FIRST, Again, text
from engine.web.security import network_of, session_token, set_session
from engine.web.visit import Visit

router = APIRouter()


@router.get("/account")
def account(visit: SignedIn) -> Response:
    """Show how the viewer signs in, and where they are signed in."""
    return _page(visit)


@router.get("/account/password")
def password(visit: SignedIn) -> Response:
    """Ask for the old password and a new one."""
    require_step_up(visit.engine, visit.viewer)
    return _password_page(visit)


@router.post("/account/password")
def password_changed(visit: SignedIn, form: Posted) -> Response:
    """Change the password; all sessions but the present one end."""
    given = {name: str(form.get(name, "")) for name in ("old", "password")}
    try:
        token = own_account.change_password(
            visit.engine, viewer=visit.viewer, token=session_token(visit.request), old=given["old"],
            new=given["password"], network=network_of(visit.request),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _password_page(visit, again=Again(error.problems))
    response = visit.go("/account", said="password")
    set_session(response, visit.request, token)
    return response


@router.get("/account/second-factor")
def factor(visit: SignedIn) -> Response:
    """Say what a second factor is, and offer to set one up, or show the secret that waits for its first code."""
    return _factor_page(visit)


@router.post("/account/second-factor/propose")
def factor_proposed(visit: SignedIn) -> Response:
    """Make a secret for the viewer's authenticator."""
    second_factor.propose(visit.engine, viewer=visit.viewer)
    return visit.go("/account/second-factor")


@router.post("/account/second-factor")
def factor_set(visit: SignedIn, form: Posted) -> Response:
    """Let the secret count, by its first code, and show the recovery codes, once."""
    try:
        done = second_factor.confirm(
            visit.engine, viewer=visit.viewer, token=session_token(visit.request), code=text(form, "code"),
            network=network_of(visit.request),
        )  # fmt: skip
    except WrongCodeError as error:
        return _factor_page(visit, problem=str(error))
    response = _codes_page(visit, done.recovery_codes)
    set_session(response, visit.request, done.token)
    return response


@router.post("/account/recovery-codes")
def new_codes(visit: SignedIn) -> Response:
    """Make new recovery codes, and show them once."""
    return _codes_page(visit, second_factor.new_recovery_codes(visit.engine, viewer=visit.viewer))


@router.post("/account/language")
def language_kept(visit: SignedIn) -> Response:
    """Keep the language of this page with the viewer: each device on which they sign in shows pages in it."""
    choose_page_language(visit.engine, viewer=visit.viewer, code=spoken().code)
    return visit.go("/account", said="language")


@router.get("/account/practise")
def practise(visit: SignedIn) -> Response:
    """Send the viewer on to their training space, with a ticket that counts once."""
    address = visit.portal.practise(visit.viewer)
    if address is None:
        raise NotFoundError(kind="training space")
    return RedirectResponse(address, status_code=303)


@router.post("/account/sessions/end-others")
def others_ended(visit: SignedIn) -> Response:
    """End all sessions of the viewer but the present one."""
    own_account.end_other_sessions(visit.engine, viewer=visit.viewer)
    return visit.go("/account", said="sessions")


@router.post("/account/sessions/{session_id}/end")
def session_ended(visit: SignedIn, session_id: UUID) -> Response:
    """End one session of the viewer."""
    own_account.end_session(visit.engine, session_id, viewer=visit.viewer)
    return visit.go("/account", said="sessions")


def _page(visit: Visit) -> Response:
    return visit.page(
        "account.html",
        title="My account",
        sessions=own_account.sessions_of(visit.engine, viewer=visit.viewer),
        has_factor=second_factor.has_factor(visit.engine, viewer=visit.viewer),
        must_enrol=visit.viewer.must_enrol,
        can_practise=visit.portal.practise(visit.viewer) is not None,
    )


def _password_page(visit: Visit, *, again: Again = FIRST) -> Response:
    return visit.page(
        "account-password.html",
        title="Change my password",
        has_factor=second_factor.has_factor(visit.engine, viewer=visit.viewer),
        again=again,
    )


def _factor_page(visit: Visit, *, problem: str = "") -> Response:
    proposal = second_factor.proposal(visit.engine, viewer=visit.viewer)
    return visit.page(
        "second-factor.html",
        title="Second factor",
        status=403 if problem else 200,
        has_factor=second_factor.has_factor(visit.engine, viewer=visit.viewer),
        must_enrol=visit.viewer.must_enrol,
        secret=" ".join(proposal.secret[i : i + 4] for i in range(0, len(proposal.secret), 4)) if proposal else "",
        picture=drawing(picture(proposal.address)) if proposal else "",
        problem=problem,
    )


def _codes_page(visit: Visit, codes: tuple[str, ...]) -> Response:
    return visit.page("recovery-codes.html", title="Recovery codes", codes=codes)
