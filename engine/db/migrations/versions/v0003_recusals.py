"""Keep who must not see a case and who is in conflict of interest with it as one record, with its reason."""

from collections.abc import Sequence

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_OF_RECUSALS = """
            SELECT d.case_id FROM public.recusal d WHERE d.ended_at IS NULL AND (
                d.actor_id = viewer OR d.unit_id = ANY(units)
                OR d.organisation_id IN (SELECT u.organisation_id FROM public.unit u WHERE u.id = ANY(units)))"""
_OF_BOTH = """
            SELECT d.case_id FROM public.denial d WHERE d.lifted_at IS NULL AND (
                d.actor_id = viewer OR d.unit_id = ANY(units)
                OR d.organisation_id IN (SELECT u.organisation_id FROM public.unit u WHERE u.id = ANY(units)))
            UNION ALL
            SELECT c.case_id FROM public.conflict c WHERE c.actor_id = viewer AND c.ended_at IS NULL"""
_RAISE_WALL = """
CREATE OR REPLACE FUNCTION icmc_raise_wall(units uuid[], viewer uuid, present timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO pg_catalog, public
    AS $$
    DECLARE
        granted uuid[];
        hidden uuid[];
    BEGIN
        SELECT array_agg(DISTINCT g.case_id) INTO granted FROM public."grant" g
            WHERE g.unit_id = ANY(units) AND (g.actor_id IS NULL OR g.actor_id = viewer)
              AND g.ended_at IS NULL AND (g.valid_until IS NULL OR g.valid_until > present);
        SELECT array_agg(DISTINCT h.case_id) INTO hidden FROM ({recused}
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
            set_config('icmc.granted_cases', coalesce(granted, '{{}}')::text, true),
            set_config('icmc.hidden_cases', coalesce(hidden, '{{}}')::text, true);
    END $$
"""
_NAMED = ("actor_id", "case_id", "organisation_id", "unit_id")


def upgrade() -> None:
    """Go to this shape."""
    op.execute("""
        CREATE TABLE recusal (
            id uuid PRIMARY KEY,
            case_id uuid NOT NULL REFERENCES "case",
            actor_id uuid REFERENCES actor,
            unit_id uuid REFERENCES unit,
            organisation_id uuid REFERENCES organisation,
            reason varchar NOT NULL,
            reason_code varchar NOT NULL,
            set_by uuid,
            set_at timestamptz NOT NULL,
            ended_by uuid,
            ended_second_by uuid,
            ended_at timestamptz,
            CONSTRAINT recusal_names_one CHECK (num_nonnulls(actor_id, unit_id, organisation_id) = 1),
            CONSTRAINT recusal_has_a_reason
                CHECK (reason = 'denied' OR (reason = 'conflict_of_interest' AND actor_id IS NOT NULL))
        )
    """)
    for column in _NAMED:
        op.execute(f"CREATE INDEX ix_recusal_{column} ON recusal ({column})")
    op.execute("""
        INSERT INTO recusal
        SELECT id, case_id, actor_id, unit_id, organisation_id, 'denied', reason_code, set_by, set_at, lifted_by,
            lifted_second_by, lifted_at
        FROM denial
        UNION ALL
        SELECT gen_random_uuid(), case_id, actor_id, NULL, NULL, 'conflict_of_interest', reason_code, noted_by,
            noted_at, NULL, NULL, ended_at
        FROM conflict
    """)
    op.execute(_RAISE_WALL.format(recused=_OF_RECUSALS))
    op.execute("DROP TABLE denial")
    op.execute("DROP TABLE conflict")


def downgrade() -> None:
    """Go back to the shape before; of conflicts of interest of one person with one case the latest is kept."""
    op.execute("""
        CREATE TABLE conflict (
            case_id uuid NOT NULL REFERENCES "case",
            actor_id uuid NOT NULL REFERENCES actor,
            reason_code varchar NOT NULL,
            noted_by uuid,
            noted_at timestamptz NOT NULL,
            ended_at timestamptz,
            PRIMARY KEY (case_id, actor_id)
        )
    """)
    op.execute("""
        CREATE TABLE denial (
            id uuid PRIMARY KEY,
            case_id uuid NOT NULL REFERENCES "case",
            actor_id uuid REFERENCES actor,
            unit_id uuid REFERENCES unit,
            organisation_id uuid REFERENCES organisation,
            reason_code varchar NOT NULL,
            set_by uuid,
            set_at timestamptz NOT NULL,
            lifted_by uuid,
            lifted_second_by uuid,
            lifted_at timestamptz,
            CONSTRAINT denial_names_one CHECK (num_nonnulls(actor_id, unit_id, organisation_id) = 1)
        )
    """)
    for column in _NAMED:
        op.execute(f"CREATE INDEX ix_denial_{column} ON denial ({column})")
    op.execute("""
        INSERT INTO denial
        SELECT id, case_id, actor_id, unit_id, organisation_id, reason_code, set_by, set_at, ended_by,
            ended_second_by, ended_at
        FROM recusal WHERE reason = 'denied'
    """)
    op.execute("""
        INSERT INTO conflict
        SELECT DISTINCT ON (case_id, actor_id) case_id, actor_id, reason_code, set_by, set_at, ended_at
        FROM recusal WHERE reason = 'conflict_of_interest'
        ORDER BY case_id, actor_id, ended_at DESC NULLS FIRST
    """)
    op.execute(_RAISE_WALL.format(recused=_OF_BOTH))
    op.execute("DROP TABLE recusal")
