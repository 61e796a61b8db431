"""How long a sign-in holds, who needs a second factor, and how guessing is slowed down: pure answers."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from engine.domain.policy import ROLES_THAT_MAY, Action
from engine.spec.roles import Role

IDLE: Final = timedelta(minutes=15)
IDLE_IN_THE_FIELD: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=12)
STEP_UP_LASTS: Final = timedelta(minutes=10)
PENDING_LASTS: Final = timedelta(minutes=10)
"""How long somebody who gave the right password has for the code of their second factor."""
MOST_WRONG_CODES: Final = 5
"""Wrong codes after which a sign-in that waits for one is over, and its owner is told."""
KEPT_FORM_LASTS: Final = timedelta(hours=24)

_FIELD_ROLES: Final = frozenset(
    {
        Role.INTAKE_OFFICER, Role.CASEWORKER, Role.COUNSELLOR, Role.MEDICAL_OFFICER, Role.POLICE_LIAISON,
        Role.AHTU_OFFICER, Role.REPATRIATION_COORDINATOR, Role.PREVENTION_OFFICER,
    }
)  # fmt: skip
"""Roles of people who work on the road: they put their telephone away and take it out again."""

FACTOR_TO_SIGN_IN: Final = frozenset({Action.MANAGE_PEOPLE, Action.KEEP_CHANNELS, Action.MEND, Action.KEEP_CALENDARS})
"""Whoever may do one of these does nothing at all without a second factor: administrators."""


def idle_for(roles: Collection[str]) -> timedelta:
    """Give how long a session may rest before it is over."""
    return IDLE_IN_THE_FIELD if roles and _FIELD_ROLES.issuperset(roles) else IDLE


def must_have_factor(roles: Collection[str]) -> bool:
    """Say whether somebody with these roles signs in with a second factor only."""
    return any(not ROLES_THAT_MAY[action].isdisjoint(roles) for action in FACTOR_TO_SIGN_IN)


class Pace(NamedTuple):
    """How guessing is slowed down: `free` failures without a wait, then a wait that doubles up to `longest`."""

    free: int
    longest: timedelta


ACCOUNT_HERE: Final = Pace(3, timedelta(seconds=10))
"""Failures for one account from one network."""
ACCOUNT: Final = Pace(10, timedelta(seconds=10))
"""Failures for one account from anywhere."""
NETWORK: Final = Pace(30, timedelta(seconds=10))
"""Failures from one network for any account: many people may share it."""
FORGOTTEN_AFTER: Final = timedelta(minutes=15)


def wait_after(failures: int, pace: Pace) -> timedelta:
    """Give how long the next try waits after so many failures: nobody is ever locked out."""
    if failures < pace.free:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - pace.free, 10)), pace.longest)


def waits_for(failures: int, pace: Pace, *, last_at: datetime, now: datetime) -> timedelta:
    """Return how much of the wait after the last failure is left."""
    return max(last_at + wait_after(failures, pace) - now, timedelta())


def failures_at(count: int, last_at: datetime, now: datetime) -> int:
    """Give how many failures still count; after a quarter of an hour without one, none does."""
    return 0 if now - last_at > FORGOTTEN_AFTER else count
