"""The tables that questions read, as Core tables, with the conditions that their partial indexes know."""

from typing import Any

from sqlalchemy import Column, ColumnElement, literal_column

from engine.db import tables as tb

_TABLES = tb.CaseRow.metadata.tables

ABSENCE = _TABLES["absence"]
ACTOR = _TABLES["actor"]
ANSWER = _TABLES["answer"]
AUDIT = _TABLES["escalation_audit"]
CASE = _TABLES["case"]
CASE_PERSON = _TABLES["case_person"]
CHANNEL = _TABLES["channel_setting"]
CONSENT = _TABLES["consent"]
CONTACT = _TABLES["contact"]
DEADLINE = _TABLES["deadline"]
DEFINITION = _TABLES["definition_version"]
DELIVERY = _TABLES["delivery"]
DEMO = _TABLES["demo"]
DOCUMENT = _TABLES["document"]
DRAFT = _TABLES["draft"]
ESCALATION = _TABLES["escalation"]
EVENT = _TABLES["event"]
INSTALLATION = _TABLES["installation"]
INTERVAL = _TABLES["interval"]
ITEM = _TABLES["work_item"]
JOB = _TABLES["job"]
MEMBERSHIP = _TABLES["membership"]
MESSAGE = _TABLES["message"]
ORGANISATION = _TABLES["organisation"]
PERSON = _TABLES["person"]
RECUSAL = _TABLES["recusal"]
REFERRAL = _TABLES["referral"]
RUN = _TABLES["run"]
SERVICE = _TABLES["service"]
SHIFT = _TABLES["shift"]
STEP = _TABLES["step"]
UNIT = _TABLES["unit"]


def is_one_of(column: Column[Any], *values: str) -> ColumnElement[bool]:
    """Give a condition with its values written out, so that every plan, a generic one too, can use a partial index."""
    literals: list[ColumnElement[str]] = [literal_column(f"'{value}'") for value in values]
    return column == literals[0] if len(literals) == 1 else column.in_(literals)


ITEM_IS_OPEN = is_one_of(ITEM.c.status, "ready", "reserved")
ITEM_IS_READY = is_one_of(ITEM.c.status, "ready")
ITEM_IS_RESERVED = is_one_of(ITEM.c.status, "reserved")
CASE_IS_OPEN = is_one_of(CASE.c.status, "open")
DEADLINE_IS_OPEN = is_one_of(DEADLINE.c.status, "open")
JOB_IS_READY = is_one_of(JOB.c.status, "ready")
JOB_HAS_FAILED = is_one_of(JOB.c.status, "aside", "failed")
STEP_IS_HELD_BACK = is_one_of(STEP.c.status, "held", "scheduled")
DELIVERY_IS_DEAD = is_one_of(DELIVERY.c.status, "dead")
OPENING = "opening"
"""The purpose of a timer that opens a step: nobody can be late for it."""
