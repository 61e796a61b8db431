"""Keep hubs elsewhere, cases that are mirrored with them, and the messages of both directions."""

from collections.abc import Sequence

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.execute("""
        CREATE TABLE peer_hub (
            id uuid PRIMARY KEY,
            name varchar NOT NULL, kind varchar NOT NULL, address varchar NOT NULL,
            sign_key bytea NOT NULL UNIQUE, agree_key bytea NOT NULL,
            unit_id uuid NOT NULL REFERENCES unit (id),
            status varchar NOT NULL, asked_by uuid, confirmed_by uuid,
            added_at timestamptz NOT NULL, ended_at timestamptz,
            sent_number integer NOT NULL, received_number integer NOT NULL,
            heard_at timestamptz, skew_seconds integer NOT NULL, tries integer NOT NULL,
            down_since timestamptz, next_try_at timestamptz, line_error varchar NOT NULL
        );
        CREATE TABLE mirror (
            id uuid PRIMARY KEY,
            hub_id uuid NOT NULL REFERENCES peer_hub (id), ref uuid NOT NULL, came_in boolean NOT NULL,
            unit_id uuid NOT NULL REFERENCES unit (id), case_id uuid REFERENCES "case" (id),
            status varchar NOT NULL, kind varchar NOT NULL, purpose varchar NOT NULL, help varchar NOT NULL,
            urgency varchar NOT NULL, number varchar NOT NULL, jurisdiction varchar NOT NULL,
            offered_at timestamptz NOT NULL, due_at timestamptz, zone varchar NOT NULL,
            answered_at timestamptz, answered_by uuid, reason_code varchar NOT NULL,
            their_number varchar NOT NULL, their_due_at timestamptz, their_zone varchar NOT NULL,
            ended_at timestamptz, ended_reason varchar NOT NULL, erasure varchar NOT NULL, erasure_at timestamptz,
            UNIQUE (hub_id, ref)
        );
        CREATE INDEX ix_mirror_case_id ON mirror (case_id);
        CREATE INDEX ix_mirror_unit_id ON mirror (unit_id);
        CREATE TABLE hub_message (
            id uuid PRIMARY KEY,
            hub_id uuid NOT NULL REFERENCES peer_hub (id), came_in boolean NOT NULL, number integer NOT NULL,
            kind varchar NOT NULL, ref uuid NOT NULL, case_id uuid REFERENCES "case" (id), by uuid,
            at timestamptz NOT NULL, sent_at timestamptz, tried_at timestamptz, settled_at timestamptz,
            answer varchar NOT NULL, problem varchar NOT NULL, encrypted_body bytea, envelope bytea,
            UNIQUE (hub_id, came_in, number)
        );
        CREATE INDEX ix_hub_message_case_id ON hub_message (case_id);
        CREATE INDEX hub_message_waits ON hub_message (hub_id, came_in, number) WHERE settled_at IS NULL;
        ALTER TABLE referral ADD COLUMN to_hub_id uuid REFERENCES peer_hub (id);
    """)


def downgrade() -> None:
    """Go back to the shape before: what is known of other hubs is lost."""
    op.execute("ALTER TABLE referral DROP COLUMN to_hub_id")
    op.execute("DROP TABLE hub_message, mirror, peer_hub")
