"""Moves of all cases of a workflow to another version: as kept, and what is looked at before."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from engine.definitions.records import MovedDeadline
from engine.errors import NotPossibleError


class BulkMove(NamedTuple):
    """A move of cases to a version of their workflow, and how far it has come.

    `cancels` open steps that are not in that version; without it, cases with such steps stay. One that `undoes` another
    moves each case back to the version from which that one took it. `cases` of `total` were looked at, of which `moved`
    were moved; `after_run_id` is the last of them.
    """

    id: UUID
    workflow: str
    version: int
    to_hash: str
    asked_by: UUID | None
    asked_at: datetime
    total: int
    cancels: bool = False
    undoes: UUID | None = None
    cases: int = 0
    moved: int = 0
    after_run_id: UUID | None = None
    done_at: datetime | None = None


class OpenRun(NamedTuple):
    """An open run, with its foreseen steps: key, step type, and whether it is live."""

    id: UUID
    case_id: UUID
    number: str
    version: int
    definition_hash: str
    is_merged: bool
    steps: tuple[tuple[str, str, bool], ...] = ()


class BulkPlan(NamedTuple):
    """What a move of all cases to a version would do, by titles and numbers; nothing was changed for it.

    `versions` counts the cases by the version that they follow. `plain` can move with all their open work;
    `with_work` have open steps that are not in that version, which `called_off` counts. `stay` cannot move: case,
    number and why. `looked_at` were moved to see what follows, with that work cancelled: `due` are the due times that
    would change, `begins` and `ends` count the cases by the steps that would, `closes` names those that would close.
    `left_out` come after `last_id`, a run.
    """

    workflow: str
    title: str
    version: int
    versions: Mapping[int, int]
    plain: int
    with_work: int
    called_off: Mapping[str, int]
    stay: tuple[tuple[UUID, str, str], ...]
    moves: tuple[BulkMove, ...]
    """Those that the viewer has asked for, the newest first."""
    looked_at: int = 0
    left_out: int = 0
    last_id: UUID | None = None
    due: tuple[MovedDeadline, ...] = ()
    begins: Mapping[str, int] = {}
    ends: Mapping[str, int] = {}
    closes: tuple[tuple[UUID, str], ...] = ()

    @property
    def late(self) -> tuple[MovedDeadline, ...]:
        """Return what would be late at once."""
        return tuple(line for line in self.due if line.effect == "would_breach")

    @property
    def sooner(self) -> int:
        """Count the due times that would be sooner."""
        return sum(line.after < line.before for line in self.due if line.after and line.before)

    @property
    def later(self) -> int:
        """Count the due times that would be later."""
        return sum(line.after > line.before for line in self.due if line.after and line.before)


class SeveralRunsError(NotPossibleError):
    """Raised when several workflows are open in a case, and it was not said which one is meant."""

    code = "several-runs"
    sentence = "Several workflows are open in this case: {runs}. Say which one is meant."
