"""Sign in and out: server-side sessions of which only a hash is kept."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.core.policy import Viewer
from engine.db.transaction import Transaction
from engine.errors import NotAllowedError, NotFoundError
from engine.people.store import DirectoryStore
from engine.people.viewer import viewer_from
from engine.sign_in.actions.account import code_fits
from engine.sign_in.actions.guarding import (
    SignInOrigin,
    Tries,
    as_keeper,
    hash_of,
    learn,
    may_enter,
    notify_of_device,
    notify_of_unusual,
    notify_of_wrong_codes,
    send_code,
    sent_code_fits,
    unusual_in,
)
from engine.sign_in.records import (
    IDLE_IN_THE_FIELD,
    KEPT_FORM_LASTS,
    LONGEST,
    MOST_WRONG_CODES,
    NOTED_EACH,
    PENDING_LASTS,
    CustodyError,
    Session,
    SignInEndedError,
    SignInError,
    Sort,
    WrongCodeError,
    WrongSentCodeError,
    idle_for,
    must_have_factor,
)
from engine.sign_in.store import SignInStore


class Begun(NamedTuple):
    """A session that has begun; with `needs_code` its token does nothing but take a code.

    It is one of the second factor, or the one that was sent for a sign-in that is unlike all before.
    """

    token: str
    needs_code: bool = False


class Device(NamedTuple):
    """The browser of a sign-in: the secret mark that it keeps, and what it says it is."""

    mark: str = ""
    words: str = ""


_NO_DEVICE = Device()


def sign_in(engine: Engine, *, email: str, password: str, network: str = "", device: Device = _NO_DEVICE) -> Begun:
    """Begin a session with a password; raises `SignInError`, in the same words and time whatever was wrong.

    A hash that was made with older parameters is made anew. Somebody with a second factor is not signed in yet, and
    neither is somebody without one in an unusual place or hour, to whom a code can be sent.
    """
    tries = Tries(engine, account=email, network=network)
    tries.count()
    with engine.transaction() as tx:
        known = tx.of(DirectoryStore).credentials(email)
    right = engine.passwords.verify(password, known.password_hash if known and not known.disabled else None)
    if not right or known is None or known.password_hash is None:
        with engine.transaction() as tx:
            tx.of(AuditLogStore).note(
                "sign-in", "WrongPassword", {}, actor_id=known and known.actor_id, at=engine.wall_clock.now()
            )
            tx.commit()
        raise SignInError
    token = engine.entropy.token()
    now, place = engine.wall_clock.now(), SignInOrigin(device.mark, network)
    with engine.transaction() as tx:
        if not may_enter(tx, known.actor_id):
            raise CustodyError
        if engine.passwords.is_outdated(known.password_hash):
            tx.of(DirectoryStore).set_password(known.actor_id, engine.passwords.hash(password))
        has_factor = tx.of(SignInStore).has_factor(known.actor_id)
        is_unusual = not has_factor and bool(unusual_in(engine, tx, known.actor_id, place, at=now))
        is_sent = is_unusual and send_code(engine, tx, known.actor_id, token, at=now)
        needs_code = has_factor or is_sent
        tx.of(SignInStore).add_session(
            hash_of(token), actor_id=known.actor_id, at=now, pending=needs_code, device=device.words
        )
        if not needs_code:
            _signed_in(engine, tx, known.actor_id, place, by_factor=False, at=now)
        tx.commit()
    if not is_sent:
        tries.forget()
    return Begun(token, needs_code)


def prove_code(engine: Engine, token: str, *, code: str, network: str = "", device: Device = _NO_DEVICE) -> str:
    """Finish a sign-in with a code; returns the session's token, a new one.

    It is one of the second factor, or a recovery code; for somebody without a factor the one that was sent.

    Codes of one account are looked at one after another, wherever they come from. Raise `WrongCodeError` for a code
    that does not fit or was used, `SignInEndedError` for the last wrong one that is taken, after which the sign-in is
    over and its owner is told, `TooSoonError` for one that comes too soon after a wrong one, and `SignInError` when the
    sign-in is too old.
    """
    now, new = engine.wall_clock.now(), engine.entropy.token()
    actor_id = whose_code(engine, token)
    if actor_id is None:
        raise SignInError
    tries = Tries(engine, account=str(actor_id), network=network)
    tries.count(anywhere=True)
    with engine.transaction() as tx:
        wrong = _take_turn(engine, tx, token, at=now)
        by_factor = tx.of(SignInStore).has_factor(actor_id)
        fits = code_fits(engine, tx, actor_id, code, at=now) if by_factor else sent_code_fits(engine, token, code)
        if not fits:
            raise _refused(engine, tx, actor_id, token, wrong + 1, by_factor=by_factor, at=now)
        if not tx.of(SignInStore).renew_session(hash_of(token), new_hash=hash_of(new), at=now, by_factor=by_factor):
            raise SignInError
        _signed_in(engine, tx, actor_id, SignInOrigin(device.mark, network), by_factor=by_factor, at=now)
        tx.commit()
    tries.forget()
    return new


def _take_turn(engine: Engine, tx: Transaction, token: str, *, at: datetime) -> int:
    """Wait until no other code is looked at for a sign-in; give how many wrong ones it had, or say that it is over."""
    ((wrong, _),) = tx.of(SignInStore).tries((_wrong_codes(engine, token),), at=at)
    session = tx.of(SignInStore).session(hash_of(token))
    if session is None or session.ended_at is not None or wrong >= MOST_WRONG_CODES:
        raise SignInEndedError
    return wrong


def _refused(
    engine: Engine, tx: Transaction, actor_id: UUID, token: str, wrong: int, *, by_factor: bool, at: datetime
) -> SignInError:
    """Write a wrong code down, with the end of the sign-in where it was the last one; give what is said of it."""
    tx.of(SignInStore).set_tries({_wrong_codes(engine, token): wrong}, at=at)
    tx.of(AuditLogStore).note(
        "sign-in", "WrongCode", {"by_factor": by_factor, "wrong": wrong}, actor_id=actor_id, at=at
    )
    is_over = wrong >= MOST_WRONG_CODES
    if is_over:
        tx.of(SignInStore).end_session(hash_of(token), at=at)
        tx.of(AuditLogStore).note("sign-in", "SignInEnded", {"wrong": wrong}, actor_id=actor_id, at=at)
        notify_of_wrong_codes(engine, tx, actor_id, at=at)
    tx.commit()
    if is_over:
        return SignInEndedError()
    return WrongCodeError() if by_factor else WrongSentCodeError()


def _wrong_codes(engine: Engine, token: str) -> bytes:
    return engine.vault.blind("wrong-codes", hash_of(token).hex())


def whose_code(engine: Engine, token: str) -> UUID | None:
    """Return who has to give a code with a token; None when nobody has, or it is too late."""
    with engine.transaction() as tx:
        session = tx.of(SignInStore).session(hash_of(token))
    if session is None or not session.pending or session.disabled or session.ended_at is not None:
        return None
    return session.actor_id if engine.wall_clock.now() - session.created_at < PENDING_LASTS else None


def is_code_sent(engine: Engine, actor_id: UUID) -> bool:
    """Return whether the code that somebody has to give is one that was sent: they have no second factor."""
    with engine.transaction() as tx:
        return not tx.of(SignInStore).has_factor(actor_id)


def become(engine: Engine, actor_id: UUID) -> str:
    """Become one of the demo's invented people; it is written into the audit trail like any other sign-in.

    Raise `NotAllowedError` outside the demo and for people who were not invented for it, `NotFoundError` for nobody.
    """
    if not engine.demo:
        raise NotAllowedError(actor="Nobody", action="sign in as someone else outside the demo")
    token = engine.entropy.token()
    with engine.transaction() as tx:
        actor = tx.of(DirectoryStore).actor(actor_id)
        if actor is None or actor.disabled:
            raise NotFoundError(kind="person")
        known = tx.of(DirectoryStore).credentials(actor.email)
        if known is None or not known.demo:
            raise NotAllowedError(actor="Nobody", action="become someone who was not invented for the demo")
        now = engine.wall_clock.now()
        tx.of(SignInStore).add_session(hash_of(token), actor_id=actor_id, at=now)
        tx.of(AuditLogStore).note("sign-in", "Became", {}, actor_id=actor_id, at=now)
        tx.commit()
    return token


def viewer_of(engine: Engine, token: str) -> Viewer | None:
    """Return who is signed in with a token; None when the session is over, idle too long, or its actor disabled.

    It is over with the first role that ends by itself. Who needs a second factor and has none yet has no role until
    they have set it up; after a restore no role counts but that of who looks after people.
    """
    now = engine.wall_clock.now()
    token_hash = hash_of(token)
    with engine.transaction() as tx:
        found = tx.of(SignInStore).signed_in(token_hash)
        if found is None or not _is_open(found.session):
            return None
        session = found.session
        over = [row for row in found.rows if row["ends_at"] is not None and row["ends_at"] <= now]
        if any(session.created_at < row["ends_at"] for row in over):
            return None
        everything = viewer_from(
            session.actor_id, [{**row, "unit_id": None} if row in over else row for row in found.rows]
        )
        viewer = as_keeper(everything) if found.is_in_custody else everything
        if not _is_fresh(engine, session, viewer, now):
            return None
        if now - session.seen_at >= NOTED_EACH:
            tx.of(SignInStore).touch_session(token_hash, at=now)
            tx.commit()
    must_enrol = _needs_factor(engine, viewer) and not session.by_factor
    proved = {
        "session_hash": token_hash, "stepped_up_at": session.stepped_up_at, "by_factor": session.by_factor,
    }  # fmt: skip
    bare = {"roles": (), "unit_ids": (), "memberships": (), "must_enrol": True} if must_enrol else {}
    return viewer.model_copy(update=proved | bare)


def _needs_factor(engine: Engine, viewer: Viewer) -> bool:
    """Whether somebody does nothing without a second factor: administrators never, others if they need none yet."""
    if engine.demo:
        return False
    last = engine.factor_at_latest
    is_needed = engine.factor_for_all and (last is None or engine.wall_clock.now().date() > last)
    return is_needed or must_have_factor(viewer.roles)


def who_was_signed_in(engine: Engine, token: str) -> UUID | None:
    """Return whose session it was that ran out or was ended, used within the last seven days; None for nobody's.

    It allows nothing but to keep what they had typed until they sign in again: who was disabled does not.
    """
    with engine.transaction() as tx:
        session = tx.of(SignInStore).session(hash_of(token))
    if session is None or session.pending or session.disabled:
        return None
    return session.actor_id if engine.wall_clock.now() - session.seen_at < KEPT_FORM_LASTS else None


def sign_out(engine: Engine, token: str) -> None:
    """End a session at once."""
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        session = tx.of(SignInStore).session(hash_of(token))
        tx.of(SignInStore).end_session(hash_of(token), at=now)
        if session is not None and session.ended_at is None:
            tx.of(AuditLogStore).note("sign-in", "SignedOut", {}, actor_id=session.actor_id, at=now)
        tx.commit()


def _is_open(session: Session) -> bool:
    return session.ended_at is None and not session.pending and not session.disabled


def _is_fresh(engine: Engine, session: Session, viewer: Viewer, now: datetime) -> bool:
    idle = IDLE_IN_THE_FIELD if engine.demo else idle_for(viewer.roles)
    return now - session.seen_at < idle and now - session.created_at < LONGEST


def _signed_in(
    engine: Engine, tx: Transaction, actor_id: UUID, place: SignInOrigin, *, by_factor: bool, at: datetime
) -> None:
    unusual = unusual_in(engine, tx, actor_id, place, at=at)
    is_new = bool(place.device) and tx.of(SignInStore).note_device(actor_id, hash_of(place.device), at=at)
    learn(engine, tx, actor_id, place, at=at)
    if is_new:
        notify_of_device(engine, tx, actor_id, at=at)
    if unusual - {Sort.DEVICE}:
        notify_of_unusual(engine, tx, actor_id, at=at)
    body = {"by_factor": by_factor, "new_device": is_new, "unusual": sorted(unusual)}
    tx.of(AuditLogStore).note("sign-in", "SignedIn", body, actor_id=actor_id, at=at)
