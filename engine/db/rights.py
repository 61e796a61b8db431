"""What the two roles of the application can: one reads for viewers, one writes as far as its statements need it."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from engine.db.embedded.databases import APP, READER, SYSTEM

NOBODYS: Final = frozenset({"wall_secret"})
"""What neither role reads: only the owner of the tables does."""
NEVER_READ: Final = frozenset({
    "alembic_version", "api_key", "kept_form", "known_device", "sender", "sign_in_habit", "sign_in_try",
})  # fmt: skip
"""What no page, export or list is made of."""
READ_IN_PART: Final = {
    "invitation": frozenset({"actor_id", "cancelled_at", "expires_at", "used_at"}),
    "recovery_code": frozenset({"actor_id", "used_at"}),
    "second_factor": frozenset({"actor_id", "confirmed_at"}),
    "session": frozenset({"actor_id", "seen_at"}),
}
"""What the pages about people are told of how they sign in: that there is something, and since when."""
HIDDEN_COLUMNS: Final = {"actor": frozenset({"password_hash"})}
ADDED: Final = frozenset({
    "absence", "actor", "answer", "api_key", "approval_request", "attachment", "attachment_part", "audit_chain",
    "audit_event", "batch", "bulk_move", "emergency_access", "case", "case_link", "case_person", "channel_change",
    "channel_setting", "checkpoint", "checkpoint_head", "command", "concern", "consent", "contact", "correction",
    "data_key", "deadline", "definition_draft", "definition_version", "delivery", "dispatch", "document", "draft",
    "erasure", "erasure_notice", "escalation", "escalation_audit", "event", "event_words", "export_copy", "grant",
    "hub_message", "installation", "interval", "invitation", "job", "kept_form", "known_device", "law_signature",
    "legal_hold", "match_alert", "match_check", "match_probe", "membership", "message", "mirror", "monthly_numbers",
    "number_sheet", "organisation", "partner", "partner_link", "partner_view", "peer_hub", "person", "person_merge",
    "person_token", "preference",
    "reading", "recount", "recovery_code", "recusal", "referral", "report", "restriction", "retention_proposal",
    "run", "saved_numbers", "search_token", "second_factor", "sender", "service", "session", "shift", "sign_in_habit",
    "sign_in_try", "special_day", "step", "tombstone", "unit", "work_item",
})  # fmt: skip
"""The tables to which the writing role adds rows."""
CHANGED: Final[Mapping[str, str]] = {
    "absence": "cancelled_at ends_at",
    "actor": "disabled is_service organisation_id password_hash supervisor_id",
    "answer": "recorded_at encrypted_answers unit_id",
    "api_key": "encrypted_secret revoked_at used_at",
    "approval_request": "agreed answered_at answered_by approved ended_reason expires_at unit_id",
    "attachment":
        "added_at address address_key copy_size media_type scan encrypted_details encrypted_name size status unit_id",
    "attachment_part": "encrypted_content",
    "audit_chain": "head length",
    "bulk_move": "after_run_id cases done_at moved",
    "batch": "case_ids case_numbers closed_at flow_run_id",
    "emergency_access": "flagged_at encrypted_number encrypted_words",
    "case": "chain_head chain_length closed_at encrypted_facts encrypted_report merged_into rests revision status"
    " unit_id",
    "case_link": "approved_at ended_at ended_by held_items reason_code rests",
    "case_person": "added_at from_on removed_at status unit_id until_on",
    "channel_setting": "changed_at changed_by channel enabled host organisation_id rate_per_minute encrypted_url",
    "concern": "answered_at recipient_id encrypted_answer encrypted_case_number encrypted_words status",
    "consent": "expired_at encrypted_answers unit_id withdrawn_at withdrawn_by",
    "contact": "encrypted_address",
    "data_key": "uses",
    "deadline":
        "acknowledged_at breached_at budget_seconds calendar calls consumed_seconds counted_by critical "
        "delay_owner discovered_at due_at ended_at excluded extensions failures fired deferred_until kept_until key "
        "ladder late_at law limit next_at next_firing owner_named_at path pauses purpose raised run_id "
        "running_since started_at status step_id unit_id warn zone",
    "definition_version": "contract_hashes published_at status",
    "delivery": "attempt drop_reason dropped_by error_code first_tried_at lane next_at sent_at status tried_at",
    "dispatch": "batch_id",
    "document": "released_at released_by encrypted_html unit_id",
    "draft": "encrypted_notes saved_at saved_by encrypted_answers encrypted_proposals unit_id",
    "erasure": "cooling_until ended_at ended_by ended_reason keys_gone_at revision status",
    "erasure_notice": "answer answered_at answered_by",
    "escalation": "acknowledged_at acknowledged_by unit_id",
    "event": "encrypted_body",
    "event_words": "encrypted_words",
    "export_copy":
        "answered_at answered_by counted expires_at fetched_at purpose_code revision rows sha256 status "
        "token_hash",
    "hub_message": "answer case_id encrypted_body envelope number problem sent_at settled_at tried_at",
    "grant": "ended_at ended_reason second_at second_by",
    "installation": "value",
    "interval": "end has_place encrypted_place unit_id",
    "invitation": "cancelled_at used_at",
    "job":
        "asked_by attempt batch_id done_by error_code finished_at flow_run_id held_by lease_until ready_at status "
        "task_run_id token unit_id worker",
    "kept_form": "encrypted_fields",
    "known_device": "seen_at",
    "law_signature": "revoked_at revoked_by revoked_for",
    "legal_hold": "lifted_at lifted_by encrypted_reason",
    "match_alert": "answer answered_at answered_by seen_at seen_by unit_id",
    "match_check": "asked_by deferred_until",
    "match_probe": "compared held",
    "message": "digest_id link_hash read_at",
    "mirror":
        "answered_at answered_by case_id due_at ended_at ended_reason erasure erasure_at reason_code status"
        " their_due_at their_number their_zone unit_id",
    "organisation": "is_hub",
    "partner":
        "agreement_until capacity_free kind encrypted_words takes_children takes_foreigners takes_men updated_at "
        "valid_until",
    "partner_link":
        "code_hash ended_at ended_reason expires_at made_at made_by opened_at session_hash session_until tries",
    "peer_hub":
        "agree_key confirmed_by down_since ended_at heard_at key_changes line_error next_try_at received_number"
        " sent_number sign_key skew_seconds status tries wire_id",
    "person": "encrypted_identity unit_id",
    "person_merge": "ended_at ended_by",
    "preference": "changed_at channels digest encrypted_filters page_language quiet_from quiet_until zone",
    "recount": "after_case_id cases done_at moved",
    "recovery_code": "used_at",
    "recusal": "ended_at ended_by",
    "referral":
        "after_id answer_step_id answered_at answered_by asked_by consent_id deadline_id due_at ended_at "
        "ended_reason ground help keep_days kind purpose reason_code released_by encrypted_note encrypted_to_name "
        "second_by sent_at status step_id to_hub_id to_kind to_unit_id urgency",
    "report": "encrypted_answers unit_id",
    "restriction": "holder_id lifted_at lifted_by",
    "retention_proposal": "decided_at decided_by decision",
    "run": "calendar definition_hash jurisdiction started_at status unit_id version workflow zone",
    "saved_numbers": "encrypted_name monthly_since",
    "second_factor": "confirmed_at last_step encrypted_proposed encrypted_secret",
    "sender": "case_id seen_at",
    "service": "noted_at since state",
    "session": "by_factor ended_at pending seen_at stepped_up_at token_hash",
    "shift": "cancelled_at ends_at",
    "sign_in_habit": "count seen_at",
    "sign_in_try": "count last_at",
    "special_day": "removed_at removed_by encrypted_words",
    "step":
        "added automatic completed_by ended_at gate key opened_at opens_at outcome encrypted_outputs path recorded_at "
        "revision run_id encrypted_title series_over status turn unit_id uses",
    "unit": "contact language name",
    "work_item": "assignee_id candidate_roles ended_at excluded_ids priority revision status unit_id",
}  # fmt: skip
"""The columns of each table that the writing role changes; what an event, a reading or a grant says stays said.

A sealed body of an event is sealed again under a newer key; the chain binds what is in it, not the seal.
"""
REMOVED: Final = frozenset({
    "attachment", "attachment_part", "contact", "definition_draft", "draft", "escalation_audit", "invitation",
    "kept_form", "known_device", "match_check", "membership", "monthly_numbers", "person_token", "recovery_code",
    "saved_numbers", "search_token", "second_factor", "sender", "session", "sign_in_habit", "sign_in_try",
})  # fmt: skip
"""The tables from which the writing role removes rows.

Keys are destroyed by `icmc_drop_keys` and leave a trace; counts of comparisons go by `icmc_forget_probes`, when old.
"""
_OF_BOTH: Final = (
    "icmc_seen(text)", "icmc_enter(text,text,text,text)", "icmc_named(uuid,uuid)", "icmc_has_password(uuid)",
)  # fmt: skip
_OF_WRITERS: Final = (
    "icmc_forget_probes(date)", "icmc_rewrap(uuid[],integer[],bytea[],text[],text[])",
    "icmc_drop_keys(uuid,integer,timestamp with time zone)",
)  # fmt: skip
CALLED: Final = {
    READER: frozenset(_OF_BOTH),
    APP: frozenset({
        *_OF_BOTH, *_OF_WRITERS,
    }),
    SYSTEM: frozenset({*_OF_WRITERS, "icmc_named(uuid,uuid)", "icmc_has_password(uuid)"}),
}  # fmt: skip
"""The functions of ours that each role calls."""
_COLUMNS: Final = text("""
    SELECT of.relname AS name, array_agg(known.attname::text) AS columns
    FROM pg_class of JOIN pg_attribute known ON known.attrelid = of.oid AND known.attnum > 0 AND NOT known.attisdropped
    WHERE of.relnamespace = 'public'::regnamespace AND of.relkind = 'r' GROUP BY of.relname
""")
_CAN: Final = text("""
    SELECT can.what, of.relname AS name, known.attname AS part
    FROM pg_class of JOIN pg_attribute known ON known.attrelid = of.oid AND known.attnum > 0 AND NOT known.attisdropped
        CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS can (what)
    WHERE of.relnamespace = 'public'::regnamespace AND of.relkind IN ('r', 'v', 'm', 'p', 'f')
        AND has_column_privilege(of.oid, known.attnum, can.what)
    UNION ALL
    SELECT can.what, of.relname, ''
    FROM pg_class of CROSS JOIN unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) AS can (what)
    WHERE of.relnamespace = 'public'::regnamespace AND of.relkind IN ('r', 'v', 'm', 'p', 'f')
        AND has_table_privilege(of.oid, can.what)
    UNION ALL
    SELECT 'USAGE', relname, '' FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
        AND CASE relkind WHEN 'S' THEN has_sequence_privilege(oid, 'USAGE, SELECT, UPDATE') END
    UNION ALL
    SELECT 'EXECUTE', oid::regprocedure::text, '' FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND has_function_privilege(oid, 'EXECUTE')
    UNION ALL
    SELECT 'CREATE', 'schema ' || nspname, '' FROM pg_namespace
    WHERE nspname !~ '^pg_(toast|temp)' AND has_schema_privilege(oid, 'CREATE')
    UNION ALL
    SELECT can.what, 'database', '' FROM unnest(ARRAY['CREATE', 'TEMPORARY']) AS can (what)
    WHERE has_database_privilege(current_database(), can.what)
    UNION ALL
    SELECT 'BE', 'the role ' || role.rolname, '' FROM pg_roles role
    WHERE role.rolname <> current_user AND pg_has_role(role.oid, 'MEMBER')
    UNION ALL
    SELECT 'BE', power.what, '' FROM pg_roles mine, unnest(
        ARRAY['a superuser', 'above row-level security', 'a maker of roles', 'a maker of databases', 'a replica'],
        ARRAY[rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication]) AS power (what, has_it)
    WHERE mine.rolname = current_user AND has_it
""")


class Right(NamedTuple):
    """One thing that a role can: with a column of a table, or with something that has no parts."""

    what: str
    name: str
    part: str = ""


_ALL: Final = Right("BE", "a superuser")


def grant_rights(connection: Connection) -> None:
    """Give the roles, as the owner of the tables, the rights that stand here, and take all others."""
    roles = ", ".join(CALLED)
    statements = [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {roles}, PUBLIC",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {roles}, PUBLIC",
        f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM {roles}, PUBLIC",
        f"REVOKE ALL ON SCHEMA public FROM {roles}, PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {roles}",
    ]
    columns = _columns(connection)
    for role in CALLED:
        parts: dict[tuple[str, str], set[str]] = {}
        for right in rights_of(role, columns):
            parts.setdefault((right.what, right.name), set()).add(right.part)
        for (what, name), some in parts.items():
            on = f"FUNCTION {name}" if what == "EXECUTE" else f'"{name}"'
            named = ", ".join(f'"{column}"' for column in sorted(some))
            of = "" if some in ({""}, columns.get(name)) else f" ({named})"
            statements.append(f"GRANT {what}{of} ON {on} TO {role}")
    connection.exec_driver_sql(";\n".join(statements))


def rights_of(role: str, columns: Mapping[str, frozenset[str]]) -> Iterator[Right]:
    """Name each right of a role, of the tables and columns that there are."""
    for name, known in columns.items():
        if name in NOBODYS:
            continue
        if role != READER:
            yield from _of_writer(name, known)
        elif name not in NEVER_READ:
            readable = READ_IN_PART.get(name, known) - HIDDEN_COLUMNS.get(name, frozenset())
            yield from (Right("SELECT", name, column) for column in sorted(readable))
    yield from (Right("EXECUTE", name) for name in sorted(CALLED[role]))


def rights_beyond(connection: Connection, role: str) -> tuple[str, ...]:
    """Name what a connection can beyond what stands here for `role`, whatever role it has in truth.

    One that passes all rules of the database is named by that alone.
    """
    has = {Right(*row) for row in connection.execute(_CAN)}
    beyond = sorted(has - set(rights_of(role, _columns(connection))))
    worst = [right for right in beyond if right == _ALL] or [right for right in beyond if right.what == "BE"] or beyond
    who = connection.execute(text("SELECT current_user")).scalar_one()
    return tuple(dict.fromkeys(_in_words(who, right) for right in worst))


def rights_short_of(connection: Connection, role: str) -> tuple[Right, ...]:
    """Name what stands here for `role` and a connection cannot."""
    has = {Right(*row) for row in connection.execute(_CAN)}
    return tuple(sorted(set(rights_of(role, _columns(connection))) - has))


def _in_words(who: str, right: Right) -> str:
    if right.what == "BE":
        return f"{who} is also {right.name}"
    return f"{who} can {right.what} {right.name}{f'.{right.part}' if right.part else ''}"


def _of_writer(name: str, known: frozenset[str]) -> Iterator[Right]:
    yield from (Right("SELECT", name, column) for column in sorted(known))
    if name in ADDED:
        yield from (Right("INSERT", name, column) for column in sorted(known))
    yield from (Right("UPDATE", name, column) for column in CHANGED.get(name, "").split())
    if name in REMOVED:
        yield Right("DELETE", name)


def _columns(connection: Connection) -> dict[str, frozenset[str]]:
    return {row.name: frozenset(row.columns) for row in connection.execute(_COLUMNS)}
