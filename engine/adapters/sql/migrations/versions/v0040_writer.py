"""Let no role open the wall for itself: for whom a transaction acts is proved, by the role that writes too.

The policies are made after the migrations, from `engine.adapters.sql.walls`. The secret is read by the owner alone.
"""

from collections.abc import Mapping, Sequence

from alembic import op

from engine.adapters.sql.migrations.versions import v0014_every_wall, v0034_reader

revision: str = "0040"
down_revision: str | None = "0038"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_OPEN = "(SELECT current_setting('icmc.wall', true) = 'open')"
_IN_OWN_NAME = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
_ALL = "'all|' || pg_backend_pid() || '|' || extract(epoch FROM transaction_timestamp())"
_ENTER_FOR_ALL = f"""
    CREATE FUNCTION icmc_enter_for_all(proof text) RETURNS void LANGUAGE plpgsql VOLATILE {_IN_OWN_NAME} AS $$
    BEGIN
        IF proof IS DISTINCT FROM public.icmc_prove('all|' || pg_backend_pid()) THEN
            RAISE insufficient_privilege USING MESSAGE = 'nobody acts here: this proof is of nobody';
        END IF;
        PERFORM set_config('icmc.seen_all', public.icmc_prove({_ALL}), true);
    END $$
"""
_FOR_ALL = f"""
    CREATE FUNCTION icmc_for_all() RETURNS boolean LANGUAGE plpgsql STABLE {_IN_OWN_NAME} AS $$
    DECLARE
        kept text := current_setting('icmc.seen_all', true);
    BEGIN
        RETURN coalesce(kept, '') <> '' AND kept = public.icmc_prove({_ALL});
    END $$
"""
_SEEN = f"""
    CREATE OR REPLACE FUNCTION icmc_seen(name text) RETURNS uuid[] LANGUAGE plpgsql STABLE {_IN_OWN_NAME} AS $$
    DECLARE
        kept text := current_setting('icmc.seen_' || name, true);
        told text := substr(kept, 66);
    BEGIN
        IF kept IS NULL OR left(kept, 64) IS DISTINCT FROM public.icmc_prove(
            'seen|' || pg_backend_pid() || '|' || extract(epoch FROM transaction_timestamp()) || '|' || name || '|'
            || told)
        THEN
            IF public.icmc_for_all() THEN
                RETURN NULL; -- PostgreSQL asks for all parts of a rule when it looks at a row again that was locked
            END IF;
            RAISE insufficient_privilege USING MESSAGE = 'nobody reads here: the wall is not up';
        END IF;
        RETURN told::uuid[];
    END $$
"""
_NAMED = f"""
    CREATE OR REPLACE FUNCTION icmc_named(asked_case uuid, asked_step uuid)
        RETURNS TABLE (number varchar, unit varchar, key varchar, uses varchar, definition_hash varchar)
        LANGUAGE plpgsql STABLE {_IN_OWN_NAME} ROWS 1 AS $$
    DECLARE
        is_open boolean := public.icmc_for_all();
        units uuid[];
        hidden uuid[];
    BEGIN
        IF NOT is_open THEN
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
_REWRAP = f"""
    CREATE FUNCTION icmc_rewrap(owners uuid[], versions int[], wraps bytea[], wrappers text[], periods text[])
        RETURNS void
        LANGUAGE plpgsql VOLATILE {_IN_OWN_NAME} AS $$
    DECLARE
        changed int;
    BEGIN
        UPDATE public.data_key k SET wrapped = n.wrapped, wrapped_by = n.wrapped_by, period = n.period
        FROM unnest(owners, versions, wraps, wrappers, periods) AS n (owner_id, version, wrapped, wrapped_by, period)
        WHERE k.owner_id = n.owner_id AND k.version = n.version AND k.wrapped IS NOT NULL
            AND length(n.wrapped) >= 32 AND n.wrapped_by <> '' AND n.period IS NOT NULL;
        GET DIAGNOSTICS changed = ROW_COUNT;
        IF changed IS DISTINCT FROM cardinality(owners) THEN
            RAISE insufficient_privilege USING MESSAGE = 'a key is wrapped anew only while it is whole, and into one';
        END IF;
    END $$
"""
_DROP_KEYS = f"""
    CREATE FUNCTION icmc_drop_keys(owner uuid, before int, at timestamptz) RETURNS int
        LANGUAGE plpgsql VOLATILE {_IN_OWN_NAME} AS $$
    DECLARE
        dropped int;
    BEGIN
        UPDATE public.data_key SET wrapped = NULL,
            destroyed_at = CASE WHEN before IS NULL THEN at ELSE destroyed_at END,
            retired_at = CASE WHEN before IS NULL THEN retired_at ELSE at END
        WHERE owner_id = owner AND at IS NOT NULL AND CASE WHEN before IS NULL THEN destroyed_at IS NULL
            ELSE version < before AND wrapped IS NOT NULL END;
        GET DIAGNOSTICS dropped = ROW_COUNT;
        RETURN dropped;
    END $$
"""
_FORGET_PROBES = f"""
    CREATE FUNCTION icmc_forget_probes(before date) RETURNS int LANGUAGE plpgsql VOLATILE {_IN_OWN_NAME} AS $$
    DECLARE
        gone int;
    BEGIN
        DELETE FROM public.match_probe WHERE day < least(before, current_date - 2);
        GET DIAGNOSTICS gone = ROW_COUNT;
        RETURN gone;
    END $$
"""
"""What the limits of a day count stays, whatever is asked for."""
_FUNCTIONS = {
    "icmc_forget_probes(date)": _FORGET_PROBES,
    "icmc_rewrap(uuid[], int[], bytea[], text[], text[])": _REWRAP,
    "icmc_drop_keys(uuid, int, timestamptz)": _DROP_KEYS,
    "icmc_enter_for_all(text)": _ENTER_FOR_ALL,
    "icmc_for_all()": _FOR_ALL,
}


def upgrade() -> None:
    """Go to this shape."""
    for table in _old_walls():
        op.execute(f'DROP POLICY second_wall ON "{table}"')
    for name, made in _FUNCTIONS.items():
        op.execute(made)
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    op.execute(_SEEN)
    op.execute(_NAMED)
    op.execute("DROP FUNCTION icmc_wall_secret()")


def downgrade() -> None:
    """Go back to the shape before."""
    op.execute(v0034_reader._NAMED)  # noqa: SLF001 - as that migration made it
    op.execute(v0034_reader._SEEN.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))  # noqa: SLF001
    op.execute(v0034_reader._SECRET)  # noqa: SLF001
    op.execute("REVOKE ALL ON FUNCTION icmc_wall_secret() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION icmc_wall_secret() TO icmc_app")
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {name} CASCADE")
    for table, shown in _old_walls().items():
        op.execute(f'CREATE POLICY second_wall ON "{table}" TO icmc_app USING ({_OPEN} OR ({shown}))')


def _old_walls() -> Mapping[str, str]:
    """Return what the policies of the writing role showed, each beside a setting that anybody could make."""
    return {
        **v0014_every_wall._POLICIES,  # noqa: SLF001 - as that migration made them
        "event_words": 'EXISTS (SELECT 1 FROM "case" seen WHERE seen.id = event_words.case_id)',
        "match_probe": f"unit_id = ANY {v0014_every_wall._UNITS}",  # noqa: SLF001
    }
