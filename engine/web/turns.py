"""Everyone in turn: how many requests of one person are worked on at once, and who comes next when many wait.

Work is done in as many threads as there are connections to the database. Acts and pages have threads of their own, so
that no number of forms keeps anybody from looking. Whoever has waited longest comes first among people, not among
requests: someone who sends a hundred at once waits for themselves.
"""

import hashlib
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, cast

import anyio
from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from anyio.to_thread import current_default_thread_limiter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import BusyError, IcmcError
from engine.web.security import network_of, session_token
from engine.web.uploads import is_upload

AT_ONCE: Final = 6
"""So many acts are worked on at once, and so many pages."""
OF_ONE: Final = 3
"""So many of them can be one person's."""
MOST_WAITING: Final = 100
"""So many more of one person can wait."""
LONGEST_WAIT: Final = 120.0
"""Seconds until whoever waits for their turn is told to try again."""
THREADS: Final = 2 * AT_ONCE
CONNECTIONS: Final = THREADS + 4
"""One for each thread, and for health, for the file that is looked at, and for what a demo plays."""
_UPLOADS_AT_ONCE: Final = 30
_MOST_KNOWN: Final = 10_000
_LOOKING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_APART: Final = ("/static/", "/health")
_TURN: Final = "icmc.turn"

_Result = TypeVar("_Result")
Busy = Callable[[Request, IcmcError], Awaitable[Response]]


class KnownSessions:
    """The sessions that were found to be somebody's: only these count as a person of their own."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def add(self, token: str) -> None:
        """Remember a session that was found to be somebody's."""
        self._known[_hash(token)] = None
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)

    def whose(self, request: Request) -> str:
        """Return for whom a request counts: a known session, else everybody at its address together."""
        token = session_token(request)
        name = _hash(token)
        return name.hex() if token and name in self._known else f"at {network_of(request)}"


class RequestLane:
    """Places for work of one kind: each is given to the next of those who wait, a person at a time."""

    def __init__(self, places: int, *, of_one: int) -> None:
        self._free = places
        self._of_one = of_one
        self._busy: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[anyio.Event]] = OrderedDict()

    async def take(self, whose: str) -> None:
        """Wait for a place; raise `TooMuchAtOnceError` for too many of one person, `BusyError` after `LONGEST_WAIT`."""
        if self._free and self._busy[whose] < self._of_one and whose not in self._waiting:
            self._give(whose)
            return
        mine = self._waiting.setdefault(whose, deque())
        if len(mine) >= MOST_WAITING:
            raise TooMuchAtOnceError
        called = anyio.Event()
        mine.append(called)
        try:
            with anyio.fail_after(LONGEST_WAIT):
                await called.wait()
        except BaseException as error:
            if called.is_set():
                self.give_back(whose)
            else:
                self._forget(whose, called)
            if isinstance(error, TimeoutError):
                raise BusyError(waited_for="those who came before you") from None
            raise

    def give_back(self, whose: str) -> None:
        """Return a place to whoever comes next."""
        self._free += 1
        self._busy[whose] -= 1
        if not self._busy[whose]:
            del self._busy[whose]
        while self._free and (following := self._next()) is not None:
            self._waiting[following].popleft().set()
            self._waiting.move_to_end(following)
            self._drop_if_empty(following)
            self._give(following)

    def _next(self) -> str | None:
        return next((whose for whose in self._waiting if self._busy[whose] < self._of_one), None)

    def _give(self, whose: str) -> None:
        self._free -= 1
        self._busy[whose] += 1

    def _forget(self, whose: str, called: anyio.Event) -> None:
        self._waiting[whose].remove(called)
        self._drop_if_empty(whose)

    def _drop_if_empty(self, whose: str) -> None:
        if not self._waiting[whose]:
            del self._waiting[whose]


class _Lanes:
    def __init__(self) -> None:
        self.acts = RequestLane(AT_ONCE, of_one=OF_ONE)
        self.pages = RequestLane(AT_ONCE, of_one=OF_ONE)
        self.alone, self.aside, self.watched = CapacityLimiter(1), CapacityLimiter(1), CapacityLimiter(1)
        self.uploads = RequestLane(_UPLOADS_AT_ONCE, of_one=OF_ONE)
        current_default_thread_limiter().total_tokens = THREADS


_LANES: Final[RunVar[_Lanes]] = RunVar("icmc_lanes")


class RequestTurn:
    """The place of one request in its lane; who only waits leaves it meanwhile."""

    def __init__(self, lane: RequestLane, whose: str) -> None:
        self._lane, self._whose = lane, whose
        self._has_place = False

    async def take(self) -> None:
        """Wait for a place; raise as `RequestLane.take` does."""
        await self._lane.take(self._whose)
        self._has_place = True

    def leave(self) -> None:
        """Return the place back, once."""
        if self._has_place:
            self._has_place = False
            self._lane.give_back(self._whose)


class InTurn:
    """Let requests in as their turn comes; `busy` makes the page for those who cannot wait any longer."""

    def __init__(self, app: ASGIApp, *, sessions: KnownSessions, busy: Busy) -> None:
        self._app, self._sessions, self._busy = app, sessions, busy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request: wait for its body first, then for its turn, and no longer once its answer begins."""
        if scope["type"] != "http" or scope["path"].startswith(_APART):
            await self._app(scope, receive, send)
            return
        lanes, comes_in_parts = _lanes(), is_upload(scope)
        is_page = scope["method"] in _LOOKING
        lane = lanes.pages if is_page else lanes.uploads if comes_in_parts else lanes.acts
        if not is_page and not comes_in_parts:
            receive = await _whole(receive)
        request = Request(scope, receive)
        turn = RequestTurn(lane, self._sessions.whose(request))
        try:
            await turn.take()
        except IcmcError as error:
            await (await self._busy(request, error))(scope, receive, send)
            return
        scope[_TURN] = turn

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and not comes_in_parts:
                turn.leave()
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            turn.leave()


async def sleep_out_of_turn(request: Request, seconds: float) -> None:
    """Sleep, with the place of a request left to others; raise as `RequestLane.take` does when none is left."""
    turn = cast("RequestTurn | None", request.scope.get(_TURN))
    if turn is None or seconds <= 0:
        await anyio.sleep(seconds)
        return
    turn.leave()
    await anyio.sleep(seconds)
    await turn.take()


async def alone(function: Callable[[], _Result]) -> _Result:
    """Return what only one request may do at a time, in a thread of its own; raise `BusyError` after too long."""
    try:
        with anyio.fail_after(LONGEST_WAIT):
            return await to_thread.run_sync(function, limiter=_lanes().alone)
    except TimeoutError:
        raise BusyError(waited_for="the files that others are sending") from None


async def aside(function: Callable[[], Response]) -> Response:
    """Make an answer that needs no connection, one at a time and not in the thread that serves everybody."""
    return await to_thread.run_sync(function, limiter=_lanes().aside)


async def watched(function: Callable[[], Response]) -> Response:
    """Make an answer in the thread that is kept for whoever watches: people never hold it."""
    return await to_thread.run_sync(function, limiter=_lanes().watched)


def _lanes() -> _Lanes:
    try:
        return _LANES.get()
    except LookupError:
        lanes = _Lanes()
        _LANES.set(lanes)
        return lanes


async def _whole(receive: Receive) -> Receive:
    """Wait for the body of a form; what went wrong meanwhile is met by whoever reads it."""
    messages: deque[Message] = deque()
    failed: list[Exception] = []
    try:
        while not messages or messages[-1].get("more_body", False):
            messages.append(await receive())
    except Exception as error:  # noqa: BLE001 - raised again where the body is read
        failed.append(error)

    async def received() -> Message:
        if messages:
            return messages.popleft()
        if failed:
            raise failed[0]
        return await receive()

    return received


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class TooMuchAtOnceError(IcmcError):
    """Raised when more requests of one person wait than anybody's work needs. It can be tried again."""

    code = "too-much-at-once"
    sentence = "Too much was sent at once, by you or by someone else on your network. Wait a moment, then try again."
