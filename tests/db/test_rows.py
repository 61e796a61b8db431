"""A row takes its fields from its record, and declares again only what its record cannot say."""

import ast
from pathlib import Path

from engine.db import tables
from engine.db.tables.fields import fields_of

OTHERWISE = {
    "wider, or in the order of its keys": {
        "deadline.budget_seconds", "deadline.consumed_seconds", "definition_version.flattened",
    },
    "empty in the database, or never there": {"channel_setting.organisation_id", "unit.organisation_id"},
    "filled by the database": {
        "api_key.name", "attachment.kind", "case.chain_head", "escalation.note", "escalation.round",
        "message.critical", "message.link", "session.id", "unit.language",
    },
    "first of the key": {"reading.case_id"},
}  # fmt: skip


def test_a_field_of_a_record_is_declared_once() -> None:
    twice = set()
    for path in sorted(Path(tables.__path__[0]).glob("*.py")):
        module = getattr(tables, path.stem, None)
        for row in ast.walk(ast.parse(path.read_text())):
            record = next((k.value.id for k in getattr(row, "keywords", ()) if k.arg == "of"), None) if module else None
            if isinstance(row, ast.ClassDef) and record:
                table = getattr(module, row.name).__tablename__
                own = {line.target.id for line in row.body if isinstance(line, ast.AnnAssign)}
                twice |= {f"{table}.{name}" for name, *_ in fields_of(getattr(module, record)) if name in own}
    assert twice == set().union(*OTHERWISE.values())
