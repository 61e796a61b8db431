"""Sign in and out: server-side sessions of which only a hash is kept."""

import hashlib
from datetime import timedelta
from uuid import UUID

from engine.assembly import Engine
from engine.errors import NotAllowedError, NotFoundError, SignInError
from engine.views import Viewer

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)


def sign_in(engine: Engine, *, email: str, password: str) -> str:
    """Give the token of a new session; raises `SignInError`, in the same words and time whatever was wrong."""
    with engine.unit_of_work() as work:
        known = work.directory.credentials(email)
    right = engine.passwords.verify(password, known.password_hash if known and not known.disabled else None)
    if not right or known is None:
        raise SignInError
    return _new_session(engine, known.actor_id)


def become(engine: Engine, actor_id: UUID) -> str:
    """Become one of the demo's people; raises `NotAllowedError` outside the demo."""
    if not engine.demo:
        raise NotAllowedError(actor="Nobody", action="become somebody else outside the demo")
    with engine.unit_of_work() as work:
        actor = work.directory.actor(actor_id)
    if actor is None or actor.disabled:
        raise NotFoundError(kind="person")
    return _new_session(engine, actor_id)


def viewer_of(engine: Engine, token: str) -> Viewer | None:
    """Give who is signed in with a token; None when the session is over, idle too long, or its actor disabled."""
    now = engine.wall_clock.now()
    with engine.unit_of_work() as work:
        actor_id = work.directory.session_actor(_hash(token), since=now - LONGEST, seen_after=now - IDLE)
        if actor_id is None:
            return None
        work.directory.touch_session(_hash(token), at=now)
        work.commit()
    try:
        return engine.queries.viewer(actor_id)
    except NotFoundError:
        return None


def sign_out(engine: Engine, token: str) -> None:
    """End a session at once."""
    with engine.unit_of_work() as work:
        work.directory.end_session(_hash(token), at=engine.wall_clock.now())
        work.commit()


def _new_session(engine: Engine, actor_id: UUID) -> str:
    token = engine.entropy.token()
    with engine.unit_of_work() as work:
        work.directory.add_session(_hash(token), actor_id=actor_id, at=engine.wall_clock.now())
        work.commit()
    return token


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
