"""Let a second role read for one viewer at a time, bound by values that nothing in its session can make.

`icmc_enter` takes whom a transaction reads for, with a proof by a secret that only the writing role can ask for. It
keeps what that viewer may see in settings of the transaction, each with a seal over the backend, the transaction and
the value; `icmc_seen` gives a value back whose seal is right, and refuses any other. The policies of the reading role
ask `icmc_seen` and no setting. They are made from those of the writing role after each migration.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from engine.adapters.sql.migrations.versions import v0014_every_wall

revision: str = "0034"
down_revision: str | None = "0036"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_IN_OWN_NAME = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
_PROVE = f"""
    CREATE FUNCTION icmc_prove(told text) RETURNS text LANGUAGE sql STABLE {_IN_OWN_NAME} AS $$
        SELECT encode(sha256(secret || sha256(secret || convert_to(told, 'UTF8'))), 'hex') FROM public.wall_secret
    $$
"""
_SEEN = f"""
    CREATE FUNCTION icmc_seen(name text) RETURNS uuid[] LANGUAGE plpgsql STABLE {_IN_OWN_NAME} AS $$
    DECLARE
        kept text := current_setting('icmc.seen_' || name, true);
        told text := substr(kept, 66);
    BEGIN
        IF kept IS NULL OR left(kept, 64) IS DISTINCT FROM public.icmc_prove(
            'seen|' || pg_backend_pid() || '|' || extract(epoch FROM transaction_timestamp()) || '|' || name || '|'
            || told)
        THEN
            RAISE insufficient_privilege USING MESSAGE = 'nobody reads here: the wall is not up';
        END IF;
        RETURN told::uuid[];
    END $$
"""
_ENTER = f"""
    CREATE FUNCTION icmc_enter(units text, viewer text, present text, proof text) RETURNS void
        LANGUAGE plpgsql VOLATILE {_IN_OWN_NAME} AS $$
    DECLARE
        named text[];
        name text;
        told text;
    BEGIN
        IF proof IS DISTINCT FROM public.icmc_prove(
            'enter|' || pg_backend_pid() || '|' || viewer || '|' || units || '|' || present)
        THEN
            RAISE insufficient_privilege USING MESSAGE = 'nobody reads here: this proof is of nobody';
        END IF;
        PERFORM public.icmc_raise_wall(units::uuid[], viewer::uuid, present::timestamptz);
        named := ARRAY['viewer', '{{' || viewer || '}}', 'viewer_units', units,
            'granted_cases', current_setting('icmc.granted_cases'),
            'hidden_cases', current_setting('icmc.hidden_cases')];
        FOR number IN 1..4 LOOP
            name := named[2 * number - 1];
            told := named[2 * number];
            PERFORM set_config('icmc.seen_' || name, public.icmc_prove(
                'seen|' || pg_backend_pid() || '|' || extract(epoch FROM transaction_timestamp()) || '|' || name || '|'
                || told) || ':' || told, true);
        END LOOP;
    END $$
"""
_SECRET = f"""
    CREATE FUNCTION icmc_wall_secret() RETURNS bytea LANGUAGE sql STABLE {_IN_OWN_NAME} AS $$
        SELECT secret FROM public.wall_secret
    $$
"""
_NAMED = f"""
    CREATE OR REPLACE FUNCTION icmc_named(asked_case uuid, asked_step uuid)
        RETURNS TABLE (number varchar, unit varchar, key varchar, uses varchar, definition_hash varchar)
        LANGUAGE plpgsql STABLE {_IN_OWN_NAME} ROWS 1 AS $$
    DECLARE
        units uuid[];
        hidden uuid[];
        is_open boolean := session_user = 'icmc_app' AND current_setting('icmc.wall', true) = 'open';
    BEGIN
        IF session_user = 'icmc_app' THEN
            units := nullif(current_setting('icmc.viewer_units', true), '');
            hidden := nullif(current_setting('icmc.hidden_cases', true), '');
        ELSE
            units := public.icmc_seen('viewer_units');
            hidden := public.icmc_seen('hidden_cases');
        END IF;
        RETURN QUERY SELECT c.number, u.name, s.key, s.uses, r.definition_hash
        FROM public."case" c JOIN public.unit u ON u.id = c.unit_id
            LEFT JOIN public.step s ON s.id = asked_step AND s.case_id = c.id
            LEFT JOIN public.run r ON r.id = s.run_id
        WHERE c.id = asked_case AND (is_open OR (c.id <> ALL (hidden) AND (
            c.unit_id = ANY (units)
            OR EXISTS (SELECT 1 FROM public.referral f WHERE f.case_id = c.id
                AND (f.to_unit_id = ANY (units) OR f.unit_id = ANY (units)))
            OR EXISTS (SELECT 1 FROM public.erasure_notice n WHERE n.case_id = c.id AND n.unit_id = ANY (units)))));
    END $$
"""
_HAS_PASSWORD = f"""
    CREATE FUNCTION icmc_has_password(asked uuid) RETURNS boolean LANGUAGE sql STABLE {_IN_OWN_NAME} AS $$
        SELECT password_hash IS NOT NULL FROM public.actor WHERE id = asked
    $$
"""
_FUNCTIONS = {
    "icmc_prove(text)": (_PROVE, ""),
    "icmc_seen(text)": (_SEEN, "icmc_reader"),
    "icmc_enter(text, text, text, text)": (_ENTER, "icmc_reader"),
    "icmc_wall_secret()": (_SECRET, "icmc_app"),
    "icmc_has_password(uuid)": (_HAS_PASSWORD, "icmc_app, icmc_reader"),
}


def upgrade() -> None:
    """Go to this shape."""
    op.create_table(
        "wall_secret",
        sa.Column("one", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("one"),
        sa.CheckConstraint("one", name="wall_secret_one_row"),
    )
    op.execute("REVOKE ALL ON wall_secret FROM PUBLIC, icmc_app")
    op.execute(
        "INSERT INTO wall_secret (secret) SELECT sha256(convert_to(string_agg(gen_random_uuid()::text, ''), 'UTF8'))"
        " FROM generate_series(1, 4)"
    )
    op.execute(_NAMED)
    op.execute("GRANT EXECUTE ON FUNCTION icmc_named(uuid, uuid) TO icmc_reader")
    for name, (made, role) in _FUNCTIONS.items():
        op.execute(made)
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        if role:
            op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {role}")


def downgrade() -> None:
    """Go back to the shape before."""
    op.execute("REVOKE EXECUTE ON FUNCTION icmc_named(uuid, uuid) FROM icmc_reader")
    op.execute(v0014_every_wall.NAMED.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    for name in reversed(_FUNCTIONS):
        op.execute(f"DROP FUNCTION {name} CASCADE")
    op.drop_table("wall_secret")
