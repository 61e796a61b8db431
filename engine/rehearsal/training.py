"""Training: opened beside a hub, with a server and keys of its own; people come by tickets, through its door."""

import base64
import fcntl
import hmac
import json
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from modern_csrf.asgi import BlockCrossOriginRequests
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.app import build_engine, databases, ship
from engine.assembly import Engine
from engine.core.policy import Viewer
from engine.db.embedded.embedded import start_embedded, stop_embedded
from engine.db.embedded.folder import write_private
from engine.errors import BusyError, SettingsError
from engine.language.names import Role
from engine.machine import SystemClock
from engine.rehearsal.training_spaces import TrainingSpaces
from engine.settings import Settings
from engine.sign_in.pages import HARMLESS
from engine.web.languages import SpeakLanguage
from engine.web.pages import STATIC, render
from engine.web.security import TRAINING_COOKIE, ProtectingHeaders, RefuseStrangeHeaders, is_plain_loopback, on_host
from engine.web.uploads import LimitBodies
from engine.web.visit import outer_frame

TICKET_LASTS: Final = timedelta(minutes=1)
PASS_LASTS: Final = timedelta(hours=12)
_ROLES: Final = frozenset(role.value for role in Role)
_LETTERS: Final = 32
"""How long the name of a space is."""

_COOKIE: Final = "icmc_training"
_OWN: Final = "/training/"
_BUSY: Final = "icmc.busy"
_THIS_MACHINE: Final = ("127.0.0.1", "localhost", "[::1]")

_MARK: Final = "this-is-training"
_KEY, _LOCK, _PORT = "tickets.key", "running.lock", "training.port"
_TRIES: Final = 10


class Admission(NamedTuple):
    """What a ticket says: whose training space, and what they may do there."""

    space: str
    roles: tuple[str, ...]


class Tickets:
    """Made by the hub, taken once by training: both hold the key, and nobody else does.

    What was taken is kept in memory only: no ticket counts that was made before this began.
    """

    def __init__(self, key: bytes, now: Callable[[], datetime]) -> None:
        """Begin with the key and a clock, which both sides share."""
        self._key, self._now, self._began_at = key, now, now()
        self._taken: dict[str, datetime] = {}
        self._lock = Lock()

    def issue(self, actor_id: UUID, roles: Collection[str]) -> str:
        """Return a ticket for somebody of the hub. Their name is not in it: a keyed hash names their space."""
        said = {
            "id": uuid4().hex, "space": self._mac("space", str(actor_id))[:_LETTERS], "roles": sorted(roles),
            "made_at": self._now().timestamp(),
        }  # fmt: skip
        return self._signed("ticket", json.dumps(said))

    def take(self, text: str) -> Admission | None:
        """Return what a ticket says; None for one that was taken, is too old, or was not made by the hub."""
        body = self._opened("ticket", text)
        if body is None:
            return None
        said, now = json.loads(body), self._now()
        made_at = datetime.fromtimestamp(said["made_at"], UTC)
        if made_at < self._began_at or not now - TICKET_LASTS < made_at <= now:
            return None
        with self._lock:
            self._taken = {one: until for one, until in self._taken.items() if until > now}
            if said["id"] in self._taken:
                return None
            self._taken[said["id"]] = made_at + TICKET_LASTS
        return Admission(said["space"], tuple(role for role in said["roles"] if role in _ROLES))

    def pass_to(self, space: str) -> str:
        """Return what a browser keeps to be let into a space again."""
        return self._signed("pass", f"{space} {(self._now() + PASS_LASTS).timestamp()}")

    def space_of(self, text: str) -> str | None:
        """Return the space that a pass opens; None for one that is over, or was not made here."""
        body = self._opened("pass", text)
        space, _, until = (body or "").partition(" ")
        return space if body and self._now().timestamp() < float(until) else None

    def _signed(self, what: str, body: str) -> str:
        text = base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")
        return f"{text}.{self._mac(what, text)}"

    def _opened(self, what: str, text: str) -> str | None:
        """Return what was signed here as this, and as nothing else; nothing of it is read before."""
        body, _, mac = text.partition(".")
        if not hmac.compare_digest(self._mac(what, body).encode(), mac.encode()):
            return None
        return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()

    def _mac(self, what: str, text: str) -> str:
        return hmac.digest(self._key, f"{what}|{text}".encode(), "sha256").hex()


class TrainingDoor:
    """Serves the spaces to whoever has a pass for one; the pass is given for a ticket of the hub."""

    def __init__(self, spaces: TrainingSpaces, tickets: Tickets, *, address: str, hub: str) -> None:
        """Begin over spaces; `address` is what people open, `hub` where they come from."""
        self._spaces, self._tickets, self._hub = spaces, tickets, hub
        routes = [
            Route("/training/enter", self._ask, methods=["GET"]),
            Route("/training/enter", self._enter, methods=["POST"]),
            Route("/training/again", self._start_again, methods=["POST"]),
            Route("/exit", lambda _: RedirectResponse(HARMLESS, status_code=303)),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/{anything:path}", self._closed, methods=["GET", "POST"]),
        ]
        hosts = [*_THIS_MACHINE, *filter(None, [urlsplit(address).hostname])]
        self._outside = Starlette(
            routes=routes,
            exception_handlers={BusyError: lambda request, _: self._busy(request)},
            middleware=[
                Middleware(ProtectingHeaders),
                Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
                Middleware(RefuseStrangeHeaders),
                Middleware(LimitBodies),
                Middleware(BlockCrossOriginRequests),
                Middleware(SpeakLanguage),
            ],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request: in its space, or at the door."""
        space = None
        if scope["type"] == "http" and not scope["path"].startswith(_OWN):
            space = self._space_of(Request(scope))
        try:
            inside = await run_in_threadpool(self._spaces.app_of, space) if space else None
        except BusyError:
            inside, scope[_BUSY] = None, True
        await (inside or self._outside)(scope, receive, send)

    async def _ask(self, request: Request) -> Response:
        """Ask whether they want to begin: what only loads a page takes no ticket."""
        return self._page(request, "Training", ticket=request.query_params.get("ticket", ""))

    async def _enter(self, request: Request) -> Response:
        """Take a ticket."""
        async with request.form(max_files=0) as form:
            ticket = self._tickets.take(str(form.get("ticket", "")))
        if ticket is None:
            return self._page(request, "This way into training is over", status=403)
        session = await run_in_threadpool(self._spaces.enter, ticket.space, ticket.roles)
        return self._let_in(request, ticket.space, session, to="/")

    async def _start_again(self, request: Request) -> Response:
        """Make the space anew of whoever has the pass for it."""
        space = self._space_of(request)
        if space is None:
            return self._page(request, "Training", status=403)
        session = await run_in_threadpool(self._spaces.start_again, space)
        return self._let_in(request, space, session, to="/?said=afresh")

    async def _closed(self, request: Request) -> Response:
        return self._busy(request) if _BUSY in request.scope else self._page(request, "Training", status=403)

    def _busy(self, request: Request) -> Response:
        """Answer whose space is still at work on what they asked for before."""
        return self._page(request, "This takes too long just now", is_busy=True, status=503)

    def _space_of(self, request: Request) -> str | None:
        return self._tickets.space_of(request.cookies.get(on_host(_COOKIE, request), ""))

    def _let_in(self, request: Request, space: str, session: str, *, to: str) -> Response:
        response = RedirectResponse(to, status_code=303)
        for name, value in ((_COOKIE, self._tickets.pass_to(space)), (TRAINING_COOKIE, session)):
            response.set_cookie(
                on_host(name, request), value, max_age=int(PASS_LASTS.total_seconds()), httponly=True, samesite="lax",
                secure=not is_plain_loopback(request), path="/",
            )  # fmt: skip
        return response

    def _page(
        self, request: Request, title: str, *, ticket: str = "", is_busy: bool = False, status: int = 200
    ) -> Response:
        context = outer_frame(request, title=title, now=SystemClock().now(), demo=True, training=True)
        page = render("training.html", context | {"ticket": ticket, "is_busy": is_busy, "hub": self._hub})
        return HTMLResponse(page, status_code=status)


def training_settings(settings: Settings) -> Settings:
    """Return the settings of training beside those of a hub: none of its databases, keys, mail or neighbours.

    What is not named here is as it is without any setting, whatever the environment says.
    """
    folder = settings.data_folder / "training"
    address = settings.training_url or f"http://{settings.portal_host}:{settings.training_port}"
    return Settings.model_construct(
        data_folder=folder, key_file=folder / "keys" / "icmc-keys.json", demo=True, durable=settings.durable,
        portal_host=settings.portal_host, portal_port=settings.training_port, portal_url=address,
        trusted_proxies=settings.trusted_proxies, pillars=settings.pillars,
    )  # fmt: skip


def practise_at(settings: Settings) -> Callable[[Viewer], str | None]:
    """Return what gives people of a hub the address of their training space, with a ticket; None while none is open.

    Where that is, the settings of the hub say: of what training wrote, a number is read and nothing else.
    """
    folder = training_settings(settings).data_folder

    def address_for(viewer: Viewer) -> str | None:
        try:
            if viewer.must_enrol or not _is_open(folder):
                return None
            port = int((folder / _PORT).read_text(encoding="utf-8"))
            address = training_settings(settings.model_copy(update={"training_port": port})).portal_url
            return f"{address}/training/enter?ticket={tickets_of(folder).issue(viewer.actor_id, viewer.roles)}"
        except (OSError, ValueError):  # it has not begun yet, or is another user's
            return None

    return address_for


def tickets_of(folder: Path) -> Tickets:
    """Return what makes and takes the tickets of a training folder."""
    return Tickets(bytes.fromhex((folder / _KEY).read_text(encoding="ascii")), SystemClock().now)


@contextmanager
def training_open(own: Settings, app_of: Callable[[Engine], ASGIApp]) -> Iterator[TrainingSpaces]:
    """Open training, made where there is none yet, and work in it until the end; `own` are its settings.

    Raise `SettingsError` where another process has it open.
    """
    folder = own.data_folder
    _begin(folder)
    with _alone(folder), databases(own, make_demo=True) as running:
        if running.server is None:
            raise SettingsError(problem="Training has a server of its own.", remedy="")
        engine = build_engine(own, running.urls)
        try:
            ship(engine)
        finally:
            engine.dispose()  # nobody may be in a database that is copied
        spaces = TrainingSpaces(own, running.server, app_of)
        spaces.forget_unused()
        write_private(folder / _PORT, str(own.portal_port))
        worker = Thread(target=spaces.keep_working, name="icmc-training", daemon=True)
        worker.start()
        try:
            yield spaces
        finally:
            spaces.stop()
            worker.join(timeout=60)


def reset_training(own: Settings) -> None:
    """Throw training away, with every space, its server and its keys; the next start makes all of it anew.

    Raise `SettingsError` where it is open, and for a folder that training did not make: nothing is touched there.
    """
    folder = own.data_folder
    if folder.is_symlink() or folder.name != "training" or not (folder / _MARK).is_file():
        raise SettingsError(
            problem=f"{folder} is not the folder of a training space.", remedy="`icmc training start` makes one."
        )
    with _alone(folder):
        stop_embedded(start_embedded(folder / "postgresql", durable=own.durable))  # one whose owner was killed runs on
        shutil.rmtree(folder)


def _begin(folder: Path) -> None:
    """Make the folder with its mark and the key of its tickets; raises `SettingsError` where anything else lies."""
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).is_file():
        raise SettingsError(problem=f"{folder} is not the folder of a training space.", remedy="Move it away first.")
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    write_private(folder / _MARK, "Everything here is invented.\n")
    if not (folder / _KEY).exists():
        write_private(folder / _KEY, secrets.token_hex(32))


def _is_open(folder: Path) -> bool:
    """Return whether a process has training open; raises `OSError` where it never was."""
    with (folder / _LOCK).open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Be the only process that has training open; raises `SettingsError` while another is."""
    with (folder / _LOCK).open("ab") as lock:
        for _ in range(_TRIES):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # a hub may be looking for a moment whether somebody is here
                Event().wait(1 / _TRIES)
            else:
                (folder / _PORT).unlink(missing_ok=True)
                yield
                return
    raise SettingsError(problem=f"{folder} is open in another process.", remedy="Stop that one first.")
