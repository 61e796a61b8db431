"""Let the database itself keep from a viewer what is not theirs: row-level security as the second wall.

It stands before the tables that hold what was said, written and done in a case, and who is in it; not before those of
which lists are made (case, run, step, item, deadline), since it would make every list wait noticeably longer.
A transaction that sets `icmc.viewer_units` reads only rows of cases that belong to these units, or were granted to them
or to `icmc.viewer`, and are neither denied to the viewer nor in conflict with them nor sealed. Where the setting is
unset or empty, as in commands, jobs and chores, nothing is held back. Owner and administrator are not bound.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_OF_THE_CASES_UNIT = (
    "report", "answer", "draft", "interval", "document", "case_person", "attachment", "consent",
)  # fmt: skip
"""What holds content. Their `unit_id` is always that of the case: a transfer moves it."""
_OF_THE_DOER = ("event", "correction")
"""What names no unit, or the one that did something then: the case says whose it is."""

_FUNCTION = """
    CREATE FUNCTION {name}() RETURNS SETOF uuid LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
        SET search_path = pg_catalog, public ROWS 100 AS $$
    DECLARE
        viewer CONSTANT uuid := nullif(current_setting('icmc.viewer', true), '')::uuid;
        units CONSTANT uuid[] := nullif(current_setting('icmc.viewer_units', true), '')::uuid[];
        present CONSTANT timestamptz := coalesce(nullif(current_setting('icmc.now', true), '')::timestamptz, now());
    BEGIN
        {body}
    END $$
"""
_GRANTED = """
        RETURN QUERY SELECT g.case_id FROM public."grant" g
            WHERE g.unit_id = ANY(units) AND (g.actor_id IS NULL OR g.actor_id = viewer)
              AND g.ended_at IS NULL AND (g.valid_until IS NULL OR g.valid_until > present);
"""
_HIDDEN = """
        RETURN QUERY
            SELECT d.case_id FROM public.denial d WHERE d.lifted_at IS NULL AND (
                d.actor_id = viewer OR d.unit_id = ANY(units)
                OR d.organisation_id IN (SELECT u.organisation_id FROM public.unit u WHERE u.id = ANY(units)))
            UNION ALL
            SELECT c.case_id FROM public.conflict c WHERE c.actor_id = viewer AND c.ended_at IS NULL
            UNION ALL
            SELECT r.case_id FROM public.restriction r JOIN public."case" s ON s.id = r.case_id
            WHERE r.lifted_at IS NULL AND r.holder_id IS DISTINCT FROM viewer AND NOT EXISTS (
                SELECT 1 FROM public.membership m
                WHERE m.actor_id = viewer AND m.unit_id = s.unit_id AND m.role = 'data_protection_officer');
"""
_NO_VIEWER = "(SELECT coalesce(current_setting('icmc.viewer_units', true), '') = '')"
_UNITS = "(SELECT nullif(current_setting('icmc.viewer_units', true), ''))::uuid[]"
_SHOWN = "({ours} OR {case} IN (SELECT icmc_granted_cases())) AND {case} NOT IN (SELECT icmc_hidden_cases())"


def upgrade() -> None:
    """Go to this shape."""
    for name, body in (("icmc_granted_cases", _GRANTED), ("icmc_hidden_cases", _HIDDEN)):
        op.execute(_FUNCTION.format(name=name, body=body))
        op.execute(f"REVOKE ALL ON FUNCTION {name}() FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name}() TO icmc_app")
    for table in _OF_THE_CASES_UNIT:
        _wall(table, _SHOWN.format(ours=f"unit_id = ANY({_UNITS})", case="case_id"))
    for table in _OF_THE_DOER:
        ours = f'EXISTS (SELECT 1 FROM "case" c WHERE c.id = {table}.case_id AND c.unit_id = ANY({_UNITS}))'
        _wall(table, _SHOWN.format(ours=ours, case="case_id"))
    _wall("person", "EXISTS (SELECT 1 FROM case_person p WHERE p.person_id = person.id)")


def downgrade() -> None:
    """Go back to the shape before."""
    for table in ("person", *_OF_THE_DOER, *_OF_THE_CASES_UNIT):
        op.execute(f"DROP POLICY second_wall ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for name in ("icmc_hidden_cases", "icmc_granted_cases"):
        op.execute(f"DROP FUNCTION {name}()")


def _wall(table: str, shown: str) -> None:
    """Show a row of a table to the application where there is no viewer, or where it is shown to the viewer."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY second_wall ON {table} TO icmc_app USING ({_NO_VIEWER} OR ({shown})) WITH CHECK (true)")
