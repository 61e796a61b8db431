"""What a step asks to be watched after it has ended: a day that nobody may forget."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Watch:
    """A step that is to be done later: the engine adds it to the run, opens it in time and lets its limit run.

    `name` says what is watched, such as `consent_end`: for one person a later watch takes the place of an earlier one
    of the same name. `uses` is the step type that is opened then, `title` what its worklist says, in published words
    only. Instants are aware, in UTC: it opens at `opens_at` (left out: at once) and is due at `due_at`; or a limit of
    the `law` says how long, counted from `from_at`. One that `is_over` only calls the earlier one off. What the case
    sees to already is not added a second time: by the same limit of the law, or by a step of that type for that person
    that is open and has to be done in the same days. Of an act that is done `once`, such as a handover, a step that is
    open or waits is enough, whatever its limit. While a step waits to be opened it keeps no case open; one that opens
    at once is added even when the step that asks for it was the last of its case.
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
    once: bool = False


@dataclass(frozen=True, slots=True)
class OpensAtOnce:
    """A step that an answer brings in the very transaction in which it is written down: what cannot wait for a job.

    `uses`, `title`, `ladder` and `settings` are those of a `Watch`. In a case of the country of its `law` that limit
    counts, from the answer on; else it is due `within` a time from the answer. There is one for each step that was
    answered so, under the `name`: answering again brings no second one, nor does another step while it is not done.
    """

    name: str
    uses: str
    title: str
    within: timedelta
    law: str = ""
    ladder: str = "critical"
    settings: Mapping[str, str] = attribute(default_factory=dict)
