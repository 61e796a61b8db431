"""Sign in, with a second factor where there is one; my account: password, factor, recovery codes, sessions."""

from typing import Annotated, Final
from urllib.parse import quote, unquote
from uuid import UUID

import anyio
from fastapi import APIRouter, Depends, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine.errors import InvalidAnswersError, NotFoundError
from engine.messages.actions.channels import choose_page_language, preference_of
from engine.people.actions import second_factor
from engine.people.actions.invitations import ask_for_link
from engine.people.actions.second_factor import has_factor
from engine.people.pages.people import NOBODY, groups_of
from engine.people.viewer import actors
from engine.sign_in.actions import account as own_account
from engine.sign_in.actions.account import drop_form, kept_form, require_step_up, step_up
from engine.sign_in.actions.guarding import Tries
from engine.sign_in.actions.sessions import (
    Device,
    become,
    is_code_sent,
    prove_code,
    sign_in,
    sign_out,
    viewer_of,
    whose_code,
)
from engine.sign_in.passwords import picture
from engine.sign_in.records import SignInEndedError, SignInError, TooSoonError, WrongCodeError
from engine.web.dependencies import Posted, SignedIn, typed_lines
from engine.web.languages import keep_on_device, page_languages, spoken
from engine.web.pages import drawing, render
from engine.web.posted import FIRST, Again, clean, text
from engine.web.security import (
    device_mark,
    device_words,
    forget_session,
    local_path,
    network_of,
    session_token,
    set_device,
    set_session,
)
from engine.web.turns import sleep_out_of_turn
from engine.web.visit import Visit, frame, portal_of

router = APIRouter()
HARMLESS: Final = "https://www.bbc.com/weather"
"""Where *Quick exit* leads."""
Text = Annotated[str, Form(max_length=1000)]
Next = Annotated[str, Form(max_length=500)]
_FORGOT_TAKES: Final = 0.5
"""Seconds; much longer than telling the administrators takes, so that nobody learns from the time whether they are."""


@router.get("/sign-in")
def page(request: Request, next: str = "") -> Response:  # noqa: A002 - the name in the address
    """Ask who it is."""
    return _sign_in_page(request, next_path=next)


async def wait_for_account(request: Request, email: Annotated[str, Form(max_length=320)] = "") -> None:
    """Wait as long as earlier failures for this account or from this network have earned."""
    await _wait(request, email)


async def wait_for_session(request: Request) -> None:
    """Do the same for the account whose code or password is asked for once more."""
    actor_id = await run_in_threadpool(whose_code, portal_of(request).engine, session_token(request))
    await _wait(request, str(actor_id or ""))


@router.post("/sign-in", dependencies=[Depends(wait_for_account)])
def sign_in_now(
    request: Request,
    email: Annotated[str, Form(max_length=320)] = "",
    password: Text = "",
    next: Next = "",  # noqa: A002 - the name in the form
) -> Response:
    """Begin a session, or say in the same words whatever was wrong."""
    engine, device = portal_of(request).engine, _device(request)
    try:
        begun = sign_in(engine, email=clean(email), password=password, network=network_of(request), device=device)
    except SignInError as error:
        return _sign_in_page(request, next_path=next, email=email, problem=str(error), status=_status(error))
    if begun.needs_code:
        answer = RedirectResponse(f"/sign-in/code?next={quote(local_path(unquote(next)))}", status_code=303)
        set_session(answer, request, begun.token)
        return answer
    return _signed_in(request, begun.token, next, device)


@router.get("/sign-in/code")
def code_page(request: Request, next: str = "") -> Response:  # noqa: A002 - the name in the address
    """Ask for the code of the second factor, or for the one that was sent."""
    actor_id = whose_code(portal_of(request).engine, session_token(request))
    if actor_id is None:
        return RedirectResponse("/sign-in", status_code=303)
    return _code_page(request, actor_id, next_path=next)


@router.post("/sign-in/code", dependencies=[Depends(wait_for_session)])
def prove(request: Request, code: Text = "", next: Next = "") -> Response:  # noqa: A002 - the name in the form
    """Finish signing in, or say that the code is not right."""
    engine, device = portal_of(request).engine, _device(request)
    token = session_token(request)
    actor_id = whose_code(engine, token)
    if actor_id is None:
        return RedirectResponse("/sign-in", status_code=303)
    try:
        fresh = prove_code(engine, token, code=code, network=network_of(request), device=device)
    except SignInEndedError as error:
        return _sign_in_page(request, next_path=next, problem=str(error), status=403)
    except SignInError as error:
        return _code_page(request, actor_id, next_path=next, problem=str(error), status=_status(error))
    return _signed_in(request, fresh, next, device)


@router.post("/become")
def become_now(
    request: Request,
    actor_id: Annotated[UUID, Form()],
    next: Next = "",  # noqa: A002 - the name in the form
) -> Response:
    """Become one of the demo's people, and go on to where they wanted to go."""
    return _signed_in(request, become(portal_of(request).engine, actor_id), next, None)


@router.post("/sign-out")
def sign_out_now(request: Request) -> Response:
    """End the session. What is typed in another tab of this browser can still be kept for them, and nothing else."""
    return _signed_out(request, to="/sign-in", keeps_mark=True)


def _signed_out(request: Request, *, to: str, keeps_mark: bool) -> Response:
    token = session_token(request)
    if token:
        sign_out(portal_of(request).engine, token)
    response = RedirectResponse(to, status_code=303)
    forget_session(response, request, keeps_mark=keeps_mark)
    return response


@router.get("/exit")
def leave_at_once(request: Request) -> Response:
    """Go to a harmless page, and end the session if a page of ours asked: another site cannot sign anyone out."""
    if request.headers.get("sec-fetch-site") != "same-origin":
        return RedirectResponse(HARMLESS, status_code=303)
    return _signed_out(request, to=HARMLESS, keeps_mark=False)


@router.get("/step-up")
def step_up_page(visit: SignedIn, next: str = "", factor: str = "") -> Response:  # noqa: A002 - the name in the address
    """Ask the viewer to prove again that it is them."""
    return _step_up_page(visit, next_path=next, factor=bool(factor))


async def wait_for_viewer(request: Request, visit: SignedIn) -> None:
    """Wait as long as earlier failures of the viewer have earned."""
    await _wait(request, str(visit.viewer.actor_id))


@router.post("/step-up", dependencies=[Depends(wait_for_viewer)])
def step_up_now(
    visit: SignedIn,
    password: Text = "",
    code: Text = "",
    next: Next = "",  # noqa: A002 - the name in the form
    factor: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Prove who it is, under a new token, and go on to what was asked for."""
    try:
        token = step_up(
            visit.engine, viewer=visit.viewer, token=session_token(visit.request), password=password, code=code,
            network=network_of(visit.request),
        )  # fmt: skip
    except SignInError as error:
        return _step_up_page(visit, next_path=next, factor=bool(factor), problem=str(error))
    return _signed_in(visit.request, token, next, None)


@router.get("/kept/{form_id}")
def kept(visit: SignedIn, form_id: UUID) -> Response:
    """Show what the viewer had typed when they had to sign in or prove who they are, so that they can send it."""
    form = kept_form(visit.engine, form_id, viewer=visit.viewer)
    shown = typed_lines(form.fields, visit.engine.registry.step_types)
    return visit.page("kept.html", title="What you had typed", form=form, shown=shown)


@router.post("/kept/{form_id}/send")
def send_kept(visit: SignedIn, form_id: UUID) -> Response:
    """Send it to where it was meant for; it stays for its week, since the answer to this can be lost on the way."""
    form = kept_form(visit.engine, form_id, viewer=visit.viewer)
    return RedirectResponse(local_path(form.path), status_code=307)


@router.post("/kept/{form_id}/drop")
def drop_kept(visit: SignedIn, form_id: UUID) -> Response:
    """Throw it away."""
    drop_form(visit.engine, form_id, viewer=visit.viewer)
    return visit.go("/", said="form_dropped")


@router.get("/forgot")
def forgot(request: Request) -> Response:
    """Ask who forgot their password."""
    return _forgot_page(request)


@router.post("/forgot", dependencies=[Depends(wait_for_account)])
async def forgot_now(request: Request, email: Annotated[str, Form(max_length=320)] = "") -> Response:
    """Tell the administrators, and say the same, after the same time, whether there is such a person or not."""
    over_at = anyio.current_time() + _FORGOT_TAKES
    answer = await run_in_threadpool(_forgotten, request, email)
    await sleep_out_of_turn(request, max(over_at - anyio.current_time(), 0))
    return answer


def _forgotten(request: Request, email: str) -> Response:
    try:
        ask_for_link(portal_of(request).engine, email=clean(email), network=network_of(request))
    except InvalidAnswersError as error:
        return _forgot_page(request, problem=error.problems["email"], email=email)
    return _forgot_page(request, is_told=True)


def _status(error: SignInError) -> int:
    return 429 if isinstance(error, TooSoonError) else 403


async def _wait(request: Request, account: str) -> None:
    engine, network = portal_of(request).engine, network_of(request)
    tries = await run_in_threadpool(Tries, engine, account=account, network=network)
    await sleep_out_of_turn(request, (await run_in_threadpool(tries.wait)).total_seconds())


def _device(request: Request) -> Device:
    mark = device_mark(request) or portal_of(request).engine.entropy.token()
    return Device(mark, device_words(request))


def _signed_in(request: Request, token: str, next_path: str, device: Device | None) -> Response:
    response = RedirectResponse(local_path(unquote(next_path)), status_code=303)
    set_session(response, request, token)
    if device is not None:
        set_device(response, request, device.mark)
    engine = portal_of(request).engine
    viewer = viewer_of(engine, token)
    chosen = preference_of(engine, viewer=viewer).page_language if viewer else ""
    if chosen in page_languages():
        keep_on_device(request, response.headers, chosen)
    return response


def _sign_in_page(
    request: Request, *, next_path: str, email: str = "", problem: str = "", status: int = 200
) -> Response:
    portal = portal_of(request)
    people = portal.engine.ask(actors, NOBODY) if portal.engine.demo else ()
    context = frame(portal, request, None, title="Sign in") | {
        "next_path": local_path(unquote(next_path)), "email": email, "problem": problem, "groups": groups_of(people),
    }  # fmt: skip
    return HTMLResponse(render("sign-in.html", context), status_code=status)


def _code_page(request: Request, actor_id: UUID, *, next_path: str, problem: str = "", status: int = 200) -> Response:
    is_sent = is_code_sent(portal_of(request).engine, actor_id)
    title = "Confirm that it is you" if is_sent else "Second factor"
    context = frame(portal_of(request), request, None, title=title) | {
        "next_path": local_path(unquote(next_path)), "problem": problem, "is_sent": is_sent,
    }  # fmt: skip
    return HTMLResponse(render("sign-in-code.html", context), status_code=status)


def _step_up_page(visit: Visit, *, next_path: str, factor: bool, problem: str = "") -> Response:
    has_one = has_factor(visit.engine, viewer=visit.viewer)
    return visit.page(
        "step-up.html", title="Confirm that it is you", next_path=local_path(unquote(next_path)), problem=problem,
        has_factor=has_one, needs_factor=factor and not has_one, factor=factor, status=403 if problem else 200,
    )  # fmt: skip


def _forgot_page(request: Request, *, problem: str = "", email: str = "", is_told: bool = False) -> Response:
    context = frame(portal_of(request), request, None, title="Forgot your password?") | {
        "problem": problem, "email": email, "is_told": is_told,
    }  # fmt: skip
    return HTMLResponse(render("forgot.html", context), status_code=422 if problem else 200)


@router.get("/account")
def account(visit: SignedIn) -> Response:
    """Show how the viewer signs in, and where they are signed in."""
    return _account_page(visit)


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


def _account_page(visit: Visit) -> Response:
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
