"""Tell the database for whom a session reads and writes, so that it keeps back the rows that are not theirs."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, event, make_url, text

from engine.domain.policy import Viewer

WALLED: Final = frozenset({
    "answer", "approval_request", "attachment", "attachment_part", "break_glass", "case", "case_link", "case_person",
    "command", "concern", "conflict", "consent", "correction", "deadline", "delivery", "denial", "dispatch", "document",
    "draft", "erasure", "erasure_notice", "escalation", "event", "event_words", "export_copy", "grant", "interval",
    "job", "legal_hold", "match_alert", "match_check", "match_probe", "message", "partner_link", "partner_view",
    "person", "person_merge", "person_token", "reading", "referral", "report", "restriction", "retention_proposal",
    "run", "search_token", "step", "work_item",
})  # fmt: skip
"""The tables that the database itself guards."""
OUTSIDE: Final = {
    "batch": "Which cases one flow run serves, by id and number; no question of a person asks it.",
    "membership": "Who works where: anybody may need to know whom to call.",
    "recount": "How far a recount has come: one id, to go on from.",
    "shift": "Who is on call: anybody may need to know whom to call.",
    "tombstone": "Random ids of what was erased, so that a backup erases it again; they lead to nobody.",
}
"""The tables that name a case, unit or person and are not guarded, each with its reason."""

_SYSTEM: Final = "SET SESSION icmc.wall = 'open'"
_RAISE: Final = text("SELECT icmc_raise_wall(CAST(:units AS uuid[]), CAST(:viewer AS uuid), CAST(:now AS timestamptz))")
_UNGUARDED: Final = text("""
    SELECT name FROM unnest(CAST(:walled AS text[])) AS name LEFT JOIN pg_class AS of
        ON of.relname = name AND of.relnamespace = 'public'::regnamespace AND of.relkind = 'r'
    WHERE NOT coalesce(of.relrowsecurity, false) OR NOT EXISTS (
            SELECT 1 FROM pg_policy p WHERE p.polrelid = of.oid AND p.polcmd = '*' AND p.polwithcheck IS NULL
                AND pg_get_expr(p.polqual, p.polrelid) LIKE '%icmc.wall%')
        OR NOT EXISTS (
            SELECT 1 FROM pg_policy p WHERE p.polrelid = of.oid AND p.polname = 'reader_wall' AND p.polcmd = 'r'
                AND pg_get_expr(p.polqual, p.polrelid) NOT LIKE '%current_setting%'
                AND pg_get_expr(p.polqual, p.polrelid) <> 'true')
        OR (SELECT count(*) FROM pg_policy p WHERE p.polrelid = of.oid) > 2
    ORDER BY name
""")
_PASSES: Final = text("""
    SELECT rolsuper OR rolbypassrls OR pg_has_role(current_user, (
        SELECT relowner FROM pg_class WHERE oid = 'public.case'::regclass), 'USAGE')
    FROM pg_roles WHERE rolname = current_user
""")


def act_for_the_system(engine: Engine) -> None:
    """Let each connection of an engine see all rows until a wall is raised; one that says nothing sees none."""
    event.listen(engine, "connect", _open)


def for_the_system(url: str) -> str:
    """Give the address of a database so that a plain connection to it acts for the system."""
    return make_url(url).update_query_dict({"options": "-cicmc.wall=open"}).render_as_string(hide_password=False)


def raise_wall(connection: Connection, viewer: Viewer, now: datetime) -> None:
    """Bind the rest of the transaction to what a viewer may see at an instant; the system is bound by nothing.

    The policies are those of the migration `v0014_every_wall`. They know cases and units, not actions or fields:
    they hold when a condition was forgotten, and replace none.
    """
    if viewer.is_system:
        return
    units = ",".join(str(unit) for unit in viewer.unit_ids)
    values = {"units": f"{{{units}}}", "viewer": str(viewer.actor_id), "now": now.isoformat()}
    connection.execute(_RAISE, values)


def gaps_in_the_wall(connection: Connection) -> tuple[str, ...]:
    """Name the tables that the database does not guard as it should; all of them if the application's role is free."""
    if connection.execute(_PASSES).scalar_one():
        return tuple(sorted(WALLED))
    return tuple(connection.execute(_UNGUARDED, {"walled": sorted(WALLED)}).scalars())


def _open(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
    with connection.cursor() as cursor:
        cursor.execute(_SYSTEM)
    connection.commit()
