"""Forget what signing in needs no more: old failures, forms, browsers, habits, sessions, links, and counts."""

from datetime import timedelta
from typing import Final

from engine.assembly import Engine
from engine.core.matching import PROBES_KEPT
from engine.persons.match_store import MatchStore
from engine.sign_in.habits import SignInHabitStore
from engine.sign_in.records import KEPT_FORM_LASTS
from engine.sign_in.store import SignInStore

_TRIES: Final = timedelta(days=1)
_BROWSERS: Final = timedelta(days=400)
_SESSIONS: Final = timedelta(days=90)


def forget_sign_ins(engine: Engine) -> int:
    """Forget them; gives how many rows. For a schedule. What happened stays in the audit."""
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
