"""Wall every table that belongs to cases, and show nothing to a session that has not said for whom it acts.

A session that says `icmc.wall = open` acts for the system. `icmc_raise_wall` binds the rest of a transaction to one
viewer: what their units have or were granted, and what is kept from them, is found once and kept in settings of that
transaction, so that a policy compares and asks nothing. A session that says neither sees no row and adds none.

The title that somebody typed for a step that they added gets a place where it is sealed; old ones are sealed at the
next start.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from engine.adapters.sql.columns import Sealed
from engine.adapters.sql.migrations.versions import v0010_second_wall

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_RAISE = """
    CREATE FUNCTION icmc_raise_wall(units uuid[], viewer uuid, present timestamptz) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    DECLARE
        granted uuid[];
        hidden uuid[];
    BEGIN
        SELECT array_agg(DISTINCT g.case_id) INTO granted FROM public."grant" g
            WHERE g.unit_id = ANY(units) AND (g.actor_id IS NULL OR g.actor_id = viewer)
              AND g.ended_at IS NULL AND (g.valid_until IS NULL OR g.valid_until > present);
        SELECT array_agg(DISTINCT h.case_id) INTO hidden FROM (
            SELECT d.case_id FROM public.denial d WHERE d.lifted_at IS NULL AND (
                d.actor_id = viewer OR d.unit_id = ANY(units)
                OR d.organisation_id IN (SELECT u.organisation_id FROM public.unit u WHERE u.id = ANY(units)))
            UNION ALL
            SELECT c.case_id FROM public.conflict c WHERE c.actor_id = viewer AND c.ended_at IS NULL
            UNION ALL
            SELECT r.case_id FROM public.restriction r JOIN public."case" s ON s.id = r.case_id
            WHERE r.lifted_at IS NULL AND r.holder_id IS DISTINCT FROM viewer AND NOT EXISTS (
                SELECT 1 FROM public.membership m
                WHERE m.actor_id = viewer AND m.unit_id = s.unit_id AND m.role = 'data_protection_officer')
              AND (s.unit_id = ANY(units) OR r.case_id = ANY(granted) OR EXISTS (
                SELECT 1 FROM public.referral f WHERE f.case_id = r.case_id AND f.to_unit_id = ANY(units)))
        ) h;
        PERFORM set_config('icmc.wall', 'up', true), set_config('icmc.viewer', viewer::text, true),
            set_config('icmc.viewer_units', units::text, true),
            set_config('icmc.granted_cases', coalesce(granted, '{}')::text, true),
            set_config('icmc.hidden_cases', coalesce(hidden, '{}')::text, true);
    END $$
"""
NAMED = """
    CREATE FUNCTION icmc_named(asked_case uuid, asked_step uuid)
        RETURNS TABLE (number varchar, unit varchar, key varchar, uses varchar, definition_hash varchar)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public ROWS 1 AS $$
        SELECT c.number, u.name, s.key, s.uses, r.definition_hash
        FROM public."case" c JOIN public.unit u ON u.id = c.unit_id
            LEFT JOIN public.step s ON s.id = asked_step AND s.case_id = c.id
            LEFT JOIN public.run r ON r.id = s.run_id
        WHERE c.id = asked_case AND (
            current_setting('icmc.wall', true) = 'open' OR (
                c.id <> ALL (nullif(current_setting('icmc.hidden_cases', true), '')::uuid[]) AND (
                    c.unit_id = ANY (nullif(current_setting('icmc.viewer_units', true), '')::uuid[])
                    OR EXISTS (SELECT 1 FROM public.referral f WHERE f.case_id = c.id
                        AND (f.to_unit_id = ANY (nullif(current_setting('icmc.viewer_units', true), '')::uuid[])
                            OR f.unit_id = ANY (nullif(current_setting('icmc.viewer_units', true), '')::uuid[])))
                    OR EXISTS (SELECT 1 FROM public.erasure_notice n WHERE n.case_id = c.id
                        AND n.unit_id = ANY (nullif(current_setting('icmc.viewer_units', true), '')::uuid[])))))
    $$
"""
"""What is named of a case to a unit that offered it or was offered it, or that shall erase its copy: no more."""
_FUNCTIONS = {"icmc_raise_wall(uuid[], uuid, timestamptz)": _RAISE, "icmc_named(uuid, uuid)": NAMED}


def _ids(name: str) -> str:
    return f"(SELECT nullif(current_setting('icmc.{name}', true), '')::uuid[])"


_OPEN = "(SELECT current_setting('icmc.wall', true) = 'open')"
_ME = "(SELECT nullif(current_setting('icmc.viewer', true), '')::uuid)"
_UNITS = f"({_ids('viewer_units')}::uuid[])"
_GRANTED = f"(SELECT unnest({_ids('granted_cases')}))"
_HIDDEN = f"(SELECT unnest({_ids('hidden_cases')}))"


def _shown(case: str = "case_id", *, more: str = "") -> str:
    """Say that a row is of a case that the viewer's units have, or were granted, and that is not kept from them."""
    return f"(unit_id = ANY ({_UNITS}) OR {case} IN {_GRANTED}{more}) AND {case} NOT IN {_HIDDEN}"


def _of_a_case_seen(table: str, column: str = "case_id") -> str:
    return f'EXISTS (SELECT 1 FROM "case" seen WHERE seen.id = "{table}".{column})'


_WITH_UNIT_OF_CASE = (
    "report", "answer", "draft", "interval", "document", "case_person", "attachment", "consent", "run", "step",
    "work_item", "deadline", "escalation", "job", "partner_link", "partner_view", "match_alert",
)  # fmt: skip
"""Their `unit_id` is always that of the case: a transfer moves it."""
_WITH_CASE = ("event", "correction", "reading", "command", "dispatch", "legal_hold", "retention_proposal", "erasure")
"""What names no unit, or the one that did something then: the case says whose it is."""
_BOTH_CASES = ("person_merge", "case_link")
_OF_A_PERSON = ("person_token", "search_token", "match_check")
_POLICIES = {
    **{table: _shown() for table in _WITH_UNIT_OF_CASE},
    **{table: _of_a_case_seen(table) for table in _WITH_CASE},
    **{t: f"{_of_a_case_seen(t)} OR {_of_a_case_seen(t, 'other_case_id')}" for t in _BOTH_CASES},
    **{t: f'EXISTS (SELECT 1 FROM person known WHERE known.id = "{t}".person_id)' for t in _OF_A_PERSON},
    "case": _shown("id"),
    "person": "EXISTS (SELECT 1 FROM case_person known WHERE known.person_id = person.id)",
    "attachment_part": "EXISTS (SELECT 1 FROM attachment whole WHERE whole.id = attachment_part.attachment_id)",
    # From whom a case is kept is read to keep it from them.
    "denial":
        f"actor_id = {_ME} OR unit_id = ANY ({_UNITS}) OR organisation_id IN (SELECT ours.organisation_id "
        f"FROM unit ours WHERE ours.id = ANY ({_UNITS})) OR {_of_a_case_seen('denial')}",
    "conflict": f"actor_id = {_ME} OR {_of_a_case_seen('conflict')}",
    "restriction": f"case_id IN {_HIDDEN} OR {_of_a_case_seen('restriction')}",
    "referral": _shown(more=f" OR to_unit_id = ANY ({_UNITS})"),
    "grant": f"(case_id IN {_GRANTED} OR {_of_a_case_seen('grant')}) AND case_id NOT IN {_HIDDEN}",
    "erasure_notice": f"unit_id = ANY ({_UNITS}) OR {_of_a_case_seen('erasure_notice')}",
    "approval_request":
        f"asked_by = {_ME} OR unit_id = ANY ({_UNITS}) OR {_of_a_case_seen('approval_request')}",
    "break_glass": f"actor_id = {_ME} OR {_of_a_case_seen('break_glass')}",
    "concern": f"raised_by = {_ME} OR recipient_id = {_ME}",
    "message": f"recipient_id = {_ME} OR {_of_a_case_seen('message')}",
    "delivery": "EXISTS (SELECT 1 FROM message told WHERE told.id = delivery.message_id)",
    "export_copy": f"asked_by = {_ME} OR unit_id = ANY ({_UNITS})",
}  # fmt: skip


def upgrade() -> None:
    """Go to this shape."""
    op.add_column("step", sa.Column("sealed_title", Sealed(), nullable=True))
    for table in _walled_before():
        op.execute(f'DROP POLICY second_wall ON "{table}"')
    for name in ("icmc_hidden_cases", "icmc_granted_cases"):
        op.execute(f"DROP FUNCTION {name}()")
    for name, made in _FUNCTIONS.items():
        op.execute(made)
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO icmc_app")
    for table, shown in _POLICIES.items():
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY second_wall ON "{table}" TO icmc_app USING ({_OPEN} OR ({shown}))')


def _walled_before() -> Sequence[str]:
    return (
        "report", "answer", "draft", "interval", "document", "case_person", "attachment", "consent", "event",
        "correction", "person",
    )  # fmt: skip


def downgrade() -> None:
    """Go back to the shape before."""
    for table in _POLICIES:
        op.execute(f'DROP POLICY second_wall ON "{table}"')
        op.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}")
    v0010_second_wall.upgrade()
    op.drop_column("step", "sealed_title")
