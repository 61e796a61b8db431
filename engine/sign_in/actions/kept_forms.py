"""Keep what was typed when a session was over, and forget what signing in needs no more."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from engine.assembly import Engine
from engine.core.matching import PROBES_KEPT
from engine.core.policy import Viewer
from engine.errors import NotFoundError
from engine.persons.match_store import MatchStore
from engine.sign_in.habits import SignInHabitStore
from engine.sign_in.records import KEPT_FORM_LASTS, KeptForm
from engine.sign_in.store import SignInStore

SECRETS: Final = frozenset({"password", "old", "new", "again", "code"})
"""Fields that are never kept."""


def keep_form(engine: Engine, actor_id: UUID, *, path: str, fields: Iterable[tuple[str, str]]) -> UUID:
    """Keep a form that somebody sent too late; returns the id under which they find it. Secrets are left out."""
    form_id = engine.entropy.uuid()
    wanted = [(name, text) for name, text in fields if name not in SECRETS]
    with engine.transaction() as tx:
        tx.of(SignInStore).keep_form(form_id, actor_id=actor_id, path=path, fields=wanted, at=engine.wall_clock.now())
        tx.commit()
    return form_id


def kept_form(engine: Engine, form_id: UUID, *, viewer: Viewer) -> KeptForm:
    """Open what the viewer had typed; raises `NotFoundError` for another's, and for one too old or thrown away."""
    since = engine.wall_clock.now() - KEPT_FORM_LASTS
    with engine.transaction() as tx:
        found = tx.of(SignInStore).kept_form(form_id, actor_id=viewer.actor_id, since=since)
    if found is None:
        raise NotFoundError(kind="form")
    return found


def newest_kept_form(engine: Engine, *, viewer: Viewer) -> UUID | None:
    """Return the newest form that waits for the viewer."""
    since = engine.wall_clock.now() - KEPT_FORM_LASTS
    with engine.transaction() as tx:
        return tx.of(SignInStore).newest_kept_form(viewer.actor_id, since=since)


def drop_form(engine: Engine, form_id: UUID, *, viewer: Viewer) -> None:
    """Forget what the viewer had typed."""
    with engine.transaction() as tx:
        tx.of(SignInStore).drop_form(form_id, actor_id=viewer.actor_id)
        tx.commit()


_TRIES: Final = timedelta(days=1)
_BROWSERS: Final = timedelta(days=400)
_SESSIONS: Final = timedelta(days=90)


def forget_sign_ins(engine: Engine) -> int:
    """Forget them; returns how many rows. For a schedule. What happened stays in the audit."""
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        gone = tx.of(SignInStore).forget_old(
            tries_before=now - _TRIES, forms_before=now - KEPT_FORM_LASTS, devices_before=now - _BROWSERS,
            sessions_before=now - _SESSIONS,
        )  # fmt: skip
        gone += tx.of(SignInHabitStore).forget_old(before=now - _BROWSERS)
        gone += tx.of(MatchStore).forget_probes(before=(engine.clock.now() - PROBES_KEPT).date())
        tx.commit()
    return gone
