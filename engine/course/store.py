"""Moves of all cases of a workflow, and the open runs that they are about."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from engine.cases.visibility import not_denied
from engine.core.policy import Action, Viewer, units_that_let
from engine.core.records import LIVE, RunStatus
from engine.course.records import BulkMove, OpenRun
from engine.db.store import Store, columns
from engine.db.tables import TABLES

MOVE, RUN, CASE, STEP = TABLES["bulk_move"], TABLES["run"], TABLES["case"], TABLES["step"]
_COLUMNS = columns(MOVE, BulkMove)
_SHOWN = 5


class MoveStore(Store):
    """Moves in PostgreSQL, within one transaction."""

    def add(self, move: BulkMove) -> None:
        """Write a move that was asked for; the same one again changes nothing."""
        self._is_new(MOVE, move._asdict())

    def get(self, move_id: UUID) -> BulkMove | None:
        """Load a move."""
        return self._record(BulkMove, select(*_COLUMNS).where(MOVE.c.id == move_id))

    def open(self) -> tuple[BulkMove, ...]:
        """List the moves that are not done, the oldest first."""
        query = select(*_COLUMNS).where(MOVE.c.done_at.is_(None)).order_by(MOVE.c.asked_at, MOVE.c.id)
        return self._records(BulkMove, query)

    def asked_by(self, actor_id: UUID | None, workflow: str) -> tuple[BulkMove, ...]:
        """List the last moves of a workflow that somebody asked for, the newest first."""
        query = select(*_COLUMNS).where(MOVE.c.asked_by.is_not_distinct_from(actor_id), MOVE.c.workflow == workflow)
        return self._records(
            BulkMove, query.order_by(MOVE.c.asked_at.desc(), MOVE.c.undoes.is_(None), MOVE.c.id).limit(_SHOWN)
        )

    def take(self, move_id: UUID, run_id: UUID, *, cases: int = 1, moved: int = 0) -> bool:
        """Note a run as looked at, and keep others from it until the transaction ends; `cases` is 0 for none of it.

        Returns False for one that was looked at already, and once the move is stopped.
        """
        is_next = (MOVE.c.after_run_id.is_(None)) | (MOVE.c.after_run_id < run_id)
        changes = {"after_run_id": run_id, "cases": MOVE.c.cases + cases, "moved": MOVE.c.moved + moved}
        query = update(MOVE).where(MOVE.c.id == move_id, MOVE.c.done_at.is_(None), is_next).values(changes)
        return self._connection.execute(query.returning(MOVE.c.id)).first() is not None

    def done(self, move_id: UUID, *, at: datetime) -> None:
        """Say that a move is over."""
        over = {"done_at": func.coalesce(MOVE.c.done_at, at)}
        self._connection.execute(update(MOVE).where(MOVE.c.id == move_id).values(over))

    def open_runs(
        self,
        workflow: str,
        *,
        viewer: Viewer,
        but: str = "",
        at: str = "",
        after: UUID | None = None,
        most: int | None = None,
    ) -> tuple[OpenRun, ...]:
        """List open runs of a workflow by id, of the cases that a viewer leads.

        They are those not on one definition, or those `at` one.
        """
        of: list[ColumnElement[bool]] = [RUN.c.workflow == workflow, RUN.c.status == RunStatus.OPEN]
        of += [RUN.c.definition_hash == at] if at else [RUN.c.definition_hash != but]
        if not viewer.is_system:
            of += [RUN.c.unit_id.in_(units_that_let(viewer, Action.STEER)), not_denied(viewer, RUN.c.case_id)]
        of += [RUN.c.id > after] if after else []
        is_live = STEP.c.status.in_(LIVE)
        steps = func.json_agg(func.json_build_array(STEP.c.key, STEP.c.uses, is_live)).filter(STEP.c.id.is_not(None))
        foreseen = RUN.join(CASE).outerjoin(STEP, (STEP.c.run_id == RUN.c.id) & STEP.c.added.is_(None))
        query = select(
            RUN.c.id, RUN.c.case_id, CASE.c.number, RUN.c.version, RUN.c.definition_hash,
            CASE.c.merged_into.is_not(None).label("is_merged"), steps.label("steps"),
        ).select_from(foreseen)  # fmt: skip
        grouped = query.where(*of).group_by(RUN.c.id, CASE.c.id).order_by(RUN.c.id)
        rows = self._connection.execute(grouped.limit(most) if most else grouped).mappings()
        return tuple(
            OpenRun(**{**row, "steps": tuple((key, uses, live) for key, uses, live in row["steps"] or ())})
            for row in rows
        )
