"""Which rows the database itself keeps from whom a transaction does not act for: one rule for each table."""

import hashlib
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, text

from engine.db.embedded.databases import APP, READER, SYSTEM

_UNITS: Final = "((SELECT icmc_seen('viewer_units'))::uuid[])"
_ME: Final = "(SELECT (icmc_seen('viewer'))[1])"
_GRANTED: Final = "(SELECT unnest((SELECT icmc_seen('granted_cases'))))"
_HIDDEN: Final = "(SELECT unnest((SELECT icmc_seen('hidden_cases'))))"


def _shown(case: str = "case_id", *, more: str = "") -> str:
    """Say that a row is of a case that the viewer's units have, or were granted, and that is not kept from them."""
    return f"(unit_id = ANY {_UNITS} OR {case} IN {_GRANTED}{more}) AND {case} NOT IN {_HIDDEN}"


def _of_a_case_seen(table: str, column: str = "case_id") -> str:
    return f'EXISTS (SELECT 1 FROM "case" seen WHERE seen.id = "{table}".{column})'


_WITH_UNIT_OF_CASE: Final = (
    "report", "answer", "draft", "interval", "document", "case_person", "attachment", "consent", "run", "step",
    "work_item", "deadline", "escalation", "job", "partner_link", "partner_view", "match_alert",
)  # fmt: skip
"""Their `unit_id` is always that of the case: a transfer moves it."""
_WITH_CASE: Final = (
    "event", "event_words", "correction", "reading", "command", "dispatch", "legal_hold", "retention_proposal",
    "erasure",
)  # fmt: skip
"""What names no unit, or the one that did something then: the case says whose it is."""
_BOTH_CASES: Final = ("person_merge", "case_link")
_OF_A_PERSON: Final = ("person_token", "search_token", "match_check")
WALLS: Final[Mapping[str, str]] = {
    **{table: _shown() for table in _WITH_UNIT_OF_CASE},
    **{table: _of_a_case_seen(table) for table in _WITH_CASE},
    **{t: f"{_of_a_case_seen(t)} OR {_of_a_case_seen(t, 'other_case_id')}" for t in _BOTH_CASES},
    **{t: f'EXISTS (SELECT 1 FROM person known WHERE known.id = "{t}".person_id)' for t in _OF_A_PERSON},
    "case": _shown("id"),
    "person": "EXISTS (SELECT 1 FROM case_person known WHERE known.person_id = person.id)",
    "attachment_part": "EXISTS (SELECT 1 FROM attachment whole WHERE whole.id = attachment_part.attachment_id)",
    # From whom a case is kept is read to keep it from them.
    "recusal":
        f"actor_id = {_ME} OR unit_id = ANY {_UNITS} OR organisation_id IN (SELECT ours.organisation_id "
        f"FROM unit ours WHERE ours.id = ANY {_UNITS}) OR {_of_a_case_seen('recusal')}",
    "restriction": f"case_id IN {_HIDDEN} OR {_of_a_case_seen('restriction')}",
    "referral": _shown(more=f" OR to_unit_id = ANY {_UNITS}"),
    "grant": f"(case_id IN {_GRANTED} OR {_of_a_case_seen('grant')}) AND case_id NOT IN {_HIDDEN}",
    "erasure_notice": f"unit_id = ANY {_UNITS} OR {_of_a_case_seen('erasure_notice')}",
    "approval_request":
        f"asked_by = {_ME} OR unit_id = ANY {_UNITS} OR {_of_a_case_seen('approval_request')}",
    "emergency_access": f"actor_id = {_ME} OR {_of_a_case_seen('emergency_access')}",
    "concern": f"raised_by = {_ME} OR recipient_id = {_ME}",
    "mirror": f"(case_id IS NULL AND unit_id = ANY {_UNITS}) OR {_of_a_case_seen('mirror')}",
    "hub_message":
        "EXISTS (SELECT 1 FROM mirror told WHERE told.hub_id = hub_message.hub_id AND told.ref = hub_message.ref)",
    "message": f"recipient_id = {_ME} OR {_of_a_case_seen('message')}",
    "delivery": "EXISTS (SELECT 1 FROM message told WHERE told.id = delivery.message_id)",
    "export_copy": f"asked_by = {_ME} OR unit_id = ANY {_UNITS}",
    "definition_draft": f"author_id = {_ME}",
    "number_sheet": f"unit_id = ANY {_UNITS} OR (unit_id IS NULL AND cardinality({_UNITS}) > 0)",
    "saved_numbers": f"owner_id = {_ME}",
    "monthly_numbers": f"owner_id = {_ME}",
    "match_probe": f"unit_id = ANY {_UNITS}",
}  # fmt: skip
"""The tables that the database guards, and which rows it shows to the viewer of a transaction.

They know cases and units, not actions or fields: they hold when a condition was forgotten, and replace none.
"""
WALLED: Final = frozenset(WALLS)
OUTSIDE: Final = {
    "batch": "Which cases one flow run serves, by id and number; no question of a person asks it.",
    "membership": "Who works where: anybody may need to know whom to call.",
    "peer_hub": "Which hubs there are elsewhere: anybody may need to know whom to ask; its keys are public.",
    "recount": "How far a recount has come: one id, to go on from.",
    "sender": "To which case a number wrote last, by a blind token; no question of a person asks it.",
    "shift": "Who is on call: anybody may need to know whom to call.",
    "tombstone": "Random ids of what was erased, so that a backup erases it again; they lead to nobody.",
}
"""The tables that name a case, unit or person and are not guarded, each with its reason."""
_POLICIES: Final = {
    "reader_wall": ("FOR SELECT", READER, "{shown}"),
    "writer_wall": ("FOR ALL", APP, "{shown}"),
    "system_wall": ("FOR ALL", SYSTEM, "true"),
}
"""Name, commands, role and rule of each policy: who signs in as the system acts for all, and nobody else can."""
_COMMANDS: Final = {"FOR SELECT": "r", "FOR ALL": "*"}
_MADE: Final = text("""
    SELECT of.relname AS name, wall.polname AS policy, obj_description(wall.oid, 'pg_policy') AS made_of
    FROM pg_policy wall JOIN pg_class of ON of.oid = wall.polrelid
    WHERE of.relnamespace = 'public'::regnamespace
""")
_ON: Final = text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity")
_BUILT: Final = text("""
    SELECT of.relname AS name, of.relrowsecurity AS is_on, wall.polname AS policy, wall.polcmd AS command,
        wall.polwithcheck IS NULL AS is_same, pg_get_expr(wall.polqual, wall.polrelid) AS shown,
        ARRAY(SELECT rolname::text FROM pg_roles WHERE oid = ANY(wall.polroles)) AS roles
    FROM pg_class of LEFT JOIN pg_policy wall ON wall.polrelid = of.oid
    WHERE of.relnamespace = 'public'::regnamespace AND of.relkind = 'r' AND of.relname = ANY(:walled)
""")
_PASSES: Final = text("""
    SELECT rolsuper OR rolbypassrls OR pg_has_role(current_user, (
        SELECT relowner FROM pg_class WHERE oid = 'public.case'::regclass), 'USAGE')
    FROM pg_roles WHERE rolname = current_user
""")


def build_walls(connection: Connection) -> None:
    """Make, as the owner of the tables, each policy as it stands here, where another one or none is there.

    Where all are there nothing is locked: each command comes here, while people work.
    """
    is_on = set(connection.scalars(_ON))
    there = {(row.name, row.policy): row.made_of for row in connection.execute(_MADE)}
    for table, rule in WALLS.items():
        for policy, (commands, role, form) in _POLICIES.items():
            shown = form.format(shown=rule)
            made_of = hashlib.sha256(shown.encode()).hexdigest()
            if there.pop((table, policy), None) == made_of:
                continue
            connection.exec_driver_sql(f'DROP POLICY IF EXISTS {policy} ON "{table}"')
            connection.exec_driver_sql(f'CREATE POLICY {policy} ON "{table}" {commands} TO {role} USING ({shown})')
            connection.exec_driver_sql(f"COMMENT ON POLICY {policy} ON \"{table}\" IS '{made_of}'")
        if table not in is_on:
            connection.exec_driver_sql(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    for table, policy in there:
        connection.exec_driver_sql(f'DROP POLICY "{policy}" ON "{table}"')


def gaps_in_the_wall(connection: Connection) -> tuple[str, ...]:
    """Name the tables that the database does not guard as it should; all of them if the role that asks passes walls."""
    if connection.execute(_PASSES).scalar_one():
        return tuple(sorted(WALLED))
    built: dict[str, list[bool]] = {}
    for row in connection.execute(_BUILT, {"walled": sorted(WALLED)}):
        commands, role, _ = _POLICIES.get(row.policy, ("", "", ""))
        holds = row.is_on and row.is_same and row.roles == [role] and row.command == _COMMANDS.get(commands)
        asks = row.shown not in {"true", ""} and "current_setting" not in row.shown and "icmc_for_all" not in row.shown
        built.setdefault(row.name, []).append(holds and asks == (role != SYSTEM))
    return tuple(sorted(name for name in WALLED if built.get(name, []) != [True] * len(_POLICIES)))
