"""What a step asks to be watched after it has ended: a day that nobody may forget."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Watch:
    """A step that is to be done later: the engine adds it to the run, opens it in time and lets its limit run.

    `name` says what is watched, such as `consent_end`: for one person a later watch takes the place of an earlier one
    of the same name. `uses` is the step type that is opened then, `title` what its worklist says, in published words
    only. Instants are aware, in UTC: it opens at `opens_at` (left out: at once) and is due at `due_at`; or a limit of
    the `law` says how long, counted from `from_at`. One that `is_over` only calls the earlier one off. What the case
    has open already (a step of that type for that person, or the same limit of the law) is not added a second time.
    While a step waits to be opened it keeps no case open.
    """

    name: str
    uses: str = ""
    title: str = ""
    opens_at: datetime | None = None
    due_at: datetime | None = None
    law: str = ""
    from_at: datetime | None = None
    ladder: str = "standard"
    roles: tuple[str, ...] = ()
    settings: Mapping[str, str] = attribute(default_factory=dict)
    is_over: bool = False
