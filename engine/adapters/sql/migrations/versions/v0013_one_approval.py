"""Keep everything that waits for a second person in one table, with what waited before."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_COLUMNS = "id, kind, subject_id, case_id, unit_id, subject, asked_by, asked_at, reason_code, seen, needed, agreed"
_OLD = (
    # the kinds that had a row here already: what it is about was hidden among the other ids
    """UPDATE approval_request SET subject_id = coalesce(
        (subject ->> 'denial_id')::uuid, (subject ->> 'request_id')::uuid, (subject ->> 'actor_id')::uuid, id)""",
    # more than one request about the same: the last one counts
    """UPDATE approval_request a SET answered_at = a.expires_at, approved = false, ended_reason = 'overtaken'
        WHERE a.answered_at IS NULL AND EXISTS (SELECT 1 FROM approval_request b WHERE b.kind = a.kind
            AND b.subject_id = a.subject_id AND b.answered_at IS NULL AND (b.asked_at, b.id) > (a.asked_at, a.id))""",
    f"""INSERT INTO approval_request ({_COLUMNS}, expires_at)
        SELECT gen_random_uuid(), 'release', r.id, r.case_id, r.unit_id, '{{}}', coalesce(r.asked_by, r.released_by),
            r.sent_at, r.purpose,
            '',
            CASE WHEN r.released_by IS NULL AND r.kind <> 'transfer' THEN 1 ELSE 2 END,
            CASE WHEN r.released_by IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object(
                'actor_id', r.released_by, 'role', '', 'at', r.sent_at)) END,
            now() + interval '7 days'
        FROM referral r WHERE r.status = 'held'""",
    f"""INSERT INTO approval_request ({_COLUMNS}, answered_at, approved, ended_reason, expires_at)
        SELECT gen_random_uuid(), 'erasure', e.id, e.case_id, c.unit_id,
            jsonb_build_object('person_id', e.person_id), e.asked_by, e.asked_at, e.ground_code,
            '', 2,
            coalesce((SELECT jsonb_agg(jsonb_build_object('actor_id', a.actor_id, 'role', a.role,
                'at', a.approved_at) ORDER BY a.approved_at) FROM erasure_approval a WHERE a.erasure_id = e.id), '[]'),
            CASE WHEN e.status = 'asked' THEN NULL ELSE coalesce(
                (SELECT max(a.approved_at) FROM erasure_approval a WHERE a.erasure_id = e.id), e.ended_at) END,
            CASE WHEN e.status = 'asked' THEN NULL
                ELSE (SELECT count(*) FROM erasure_approval a WHERE a.erasure_id = e.id) >= 2 END,
            '', greatest(now(), e.asked_at) + interval '30 days'
        FROM erasure e JOIN "case" c ON c.id = e.case_id""",
    f"""INSERT INTO approval_request ({_COLUMNS}, expires_at)
        SELECT gen_random_uuid(), 'merge', l.id, l.case_id, l.unit_id,
            jsonb_build_object('stub_id', l.other_case_id), l.asked_by, l.asked_at, l.reason_code,
            '', 1, '[]', now() + interval '14 days'
        FROM case_link l
        WHERE l.kind = 'merged' AND l.approved_at IS NULL AND l.ended_at IS NULL""",
    f"""INSERT INTO approval_request ({_COLUMNS}, expires_at)
        SELECT gen_random_uuid(), 'lift_hold', h.id, h.case_id, c.unit_id, '{{}}', h.lift_asked_by, h.lift_asked_at,
            '', '', 1, '[]', now() + interval '14 days'
        FROM legal_hold h JOIN "case" c ON c.id = h.case_id
        WHERE h.lifted_at IS NULL AND h.lift_asked_at IS NOT NULL""",
    f"""INSERT INTO approval_request ({_COLUMNS}, expires_at)
        SELECT gen_random_uuid(), 'open_seal', s.id, s.case_id, c.unit_id, '{{}}', s.lift_asked_by, s.lift_asked_at,
            '', '', 1, '[]', now() + interval '14 days'
        FROM restriction s JOIN "case" c ON c.id = s.case_id
        WHERE s.lifted_at IS NULL AND s.lift_asked_at IS NOT NULL""",
    f"""INSERT INTO approval_request ({_COLUMNS}, expires_at)
        SELECT gen_random_uuid(), 'copy', x.id, NULL, x.unit_id,
            jsonb_build_object('number', x.number, 'rows', x.counted), x.asked_by, x.asked_at, x.purpose_code,
            '', 1, '[]', x.expires_at
        FROM export_copy x WHERE x.status = 'asked'""",
    f"""INSERT INTO approval_request ({_COLUMNS}, expires_at)
        SELECT DISTINCT ON (d.id) gen_random_uuid(), 'more_time', d.id, d.case_id, d.unit_id,
            jsonb_build_object('more', w ->> 'more'), (w ->> 'asked_by')::uuid, (w ->> 'asked_at')::timestamptz,
            w ->> 'reason_code', '', 1, '[]', now() + interval '30 days'
        FROM deadline d, jsonb_array_elements(d.extensions) w
        WHERE d.status = 'open' AND w ->> 'answered_at' IS NULL""",
)  # fmt: skip


def upgrade() -> None:
    """Go to this shape."""
    op.add_column("approval_request", sa.Column("subject_id", sa.Uuid(), nullable=True))
    op.add_column("approval_request", sa.Column("seen", sa.String(), server_default="", nullable=False))
    op.add_column("approval_request", sa.Column("needed", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column(
        "approval_request", sa.Column("agreed", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False)
    )
    op.add_column("approval_request", sa.Column("ended_reason", sa.String(), server_default="", nullable=False))
    op.alter_column("approval_request", "asked_by", existing_type=sa.Uuid(), nullable=True)
    for statement in _OLD:
        op.execute(statement)
    op.alter_column("approval_request", "subject_id", existing_type=sa.Uuid(), nullable=False)
    op.create_index(
        "approval_request_about", "approval_request", ["kind", "subject_id"], unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
    )  # fmt: skip
    op.create_index("approval_request_subject", "approval_request", ["subject_id"])
    op.drop_table("erasure_approval")
    for table in ("legal_hold", "restriction"):
        op.drop_column(table, "lift_asked_by")
        op.drop_column(table, "lift_asked_at")


def downgrade() -> None:
    """Go back to the shape before."""
    for table in ("legal_hold", "restriction"):
        op.add_column(table, sa.Column("lift_asked_by", sa.Uuid(), nullable=True))
        op.add_column(table, sa.Column("lift_asked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "erasure_approval",
        sa.Column("erasure_id", sa.Uuid(), sa.ForeignKey("erasure.id"), primary_key=True),
        sa.Column("actor_id", sa.Uuid(), primary_key=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute("GRANT SELECT, INSERT ON erasure_approval TO icmc_app")
    op.execute("""
        INSERT INTO erasure_approval (erasure_id, actor_id, role, approved_at)
        SELECT r.subject_id, (a ->> 'actor_id')::uuid, a ->> 'role', (a ->> 'at')::timestamptz
        FROM approval_request r, jsonb_array_elements(r.agreed) a WHERE r.kind = 'erasure'
        ON CONFLICT DO NOTHING
    """)
    for table, kind in (("legal_hold", "lift_hold"), ("restriction", "open_seal")):
        op.execute(f"""
            UPDATE {table} t SET lift_asked_by = r.asked_by, lift_asked_at = r.asked_at FROM approval_request r
            WHERE r.kind = '{kind}' AND r.subject_id = t.id AND r.answered_at IS NULL
        """)
    op.execute("DELETE FROM approval_request WHERE kind NOT IN ('lift_denial', 'break_glass', 'lost_factor')")
    op.execute("""
        UPDATE approval_request SET subject = subject || jsonb_build_object(
            CASE kind WHEN 'lift_denial' THEN 'denial_id' WHEN 'break_glass' THEN 'request_id' ELSE 'actor_id' END,
            subject_id)
    """)
    op.drop_index("approval_request_subject", table_name="approval_request")
    op.drop_index("approval_request_about", table_name="approval_request")
    op.alter_column("approval_request", "asked_by", existing_type=sa.Uuid(), nullable=False)
    for column in ("ended_reason", "agreed", "needed", "seen", "subject_id"):
        op.drop_column("approval_request", column)
