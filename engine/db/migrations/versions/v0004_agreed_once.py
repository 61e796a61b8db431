"""Keep who agreed to a merge, to the end of a denial and to a definition with the request that they answered, once."""

from collections.abc import Sequence

from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_MOVE = """
    INSERT INTO approval_request (id, kind, subject_id, case_id, unit_id, subject, asked_by, asked_at, reason_code,
        agreed, answered_by, answered_at, approved, expires_at)
    SELECT gen_random_uuid(), '{kind}', s.id, s.case_id, c.unit_id, {subject}, {asked_by}, {asked_at}, s.reason_code,
        jsonb_build_array(jsonb_build_object('actor_id', s.{who}, 'role', '', 'at', s.{at})), s.{who}, s.{at}, true,
        s.{at}
    FROM {table} s JOIN "case" c ON c.id = s.case_id
    WHERE s.{who} IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM approval_request r WHERE r.kind = '{kind}' AND r.subject_id = s.id AND r.approved)
"""
_BACK = """
    UPDATE {table} s SET {who} = r.answered_by FROM approval_request r
    WHERE r.kind = '{kind}' AND r.subject_id = s.id AND r.approved
"""
_MERGES = {"table": "case_link", "kind": "merge", "who": "approved_by"}
_DENIALS = {"table": "recusal", "kind": "lift_denial", "who": "ended_second_by"}


def upgrade() -> None:
    """Go to this shape; what somebody agreed to without a request gets one, and nothing is asked anew."""
    of_merges = {"at": "approved_at", "asked_by": "s.asked_by", "asked_at": "s.asked_at"}
    of_denials = {"at": "ended_at", "asked_by": "s.ended_by", "asked_at": "s.ended_at"}
    merged_case = "jsonb_build_object('stub_id', s.other_case_id)"
    op.execute(_MOVE.format(**_MERGES, **of_merges, subject=merged_case))
    op.execute(_MOVE.format(**_DENIALS, **of_denials, subject="'{}'::jsonb"))
    op.execute("ALTER TABLE case_link DROP COLUMN approved_by")
    op.execute("ALTER TABLE recusal DROP COLUMN ended_second_by")
    op.execute("ALTER TABLE definition_version DROP COLUMN approver")


def downgrade() -> None:
    """Go back to the shape before; who agreed to a definition is written by the name that they have now."""
    op.execute("ALTER TABLE case_link ADD COLUMN approved_by uuid")
    op.execute("ALTER TABLE recusal ADD COLUMN ended_second_by uuid")
    op.execute("ALTER TABLE definition_version ADD COLUMN approver varchar DEFAULT '' NOT NULL")
    op.execute("ALTER TABLE definition_version ALTER COLUMN approver DROP DEFAULT")
    op.execute(_BACK.format(**_MERGES))
    op.execute(_BACK.format(**_DENIALS))
    op.execute("""
        UPDATE definition_version s SET approver = a.name FROM approval_request r JOIN actor a ON a.id = r.answered_by
        WHERE r.kind = 'definition' AND r.approved AND r.subject -> 'versions' ? s.id::text
    """)
