"""Let the role of the system act for all, and no other: no proof opens the wall any more."""

from collections.abc import Sequence

from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_HEAD = "LANGUAGE plpgsql {kind} SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS"


def upgrade() -> None:
    """Go to this shape."""
    op.execute(
        "CREATE OR REPLACE FUNCTION icmc_for_all() RETURNS boolean "
        f"{_HEAD.format(kind='STABLE')} $$ BEGIN RETURN session_user = 'icmc_system'; END $$"
    )
    op.execute("DROP FUNCTION icmc_enter_for_all(text)")


def downgrade() -> None:
    """Go back to the shape before: a transaction of the writing role acts for the system, given a proof."""
    proved = "'all|' || pg_backend_pid() || '|' || extract(epoch FROM transaction_timestamp())"
    op.execute(f"""
        CREATE FUNCTION icmc_enter_for_all(proof text) RETURNS void {_HEAD.format(kind="")} $$
        BEGIN
            IF proof IS DISTINCT FROM public.icmc_prove('all|' || pg_backend_pid()) THEN
                RAISE insufficient_privilege USING MESSAGE = 'nobody acts here: this proof is of nobody';
            END IF;
            PERFORM set_config('icmc.seen_all', public.icmc_prove({proved}), true);
        END $$
    """)
    op.execute(f"""
        CREATE OR REPLACE FUNCTION icmc_for_all() RETURNS boolean {_HEAD.format(kind="STABLE")} $$
        DECLARE
            kept text := current_setting('icmc.seen_all', true);
        BEGIN
            RETURN coalesce(kept, '') <> '' AND kept = public.icmc_prove({proved});
        END $$
    """)
