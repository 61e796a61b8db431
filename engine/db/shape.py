"""The tables that questions read, as Core tables, with the conditions that their partial indexes know."""

from typing import Any

from sqlalchemy import Column, ColumnElement, literal_column

from engine.db.tables import TABLES

ABSENCE = TABLES["absence"]
ACTOR = TABLES["actor"]
ANSWER = TABLES["answer"]
AUDIT = TABLES["escalation_audit"]
CASE = TABLES["case"]
CASE_PERSON = TABLES["case_person"]
CHANNEL = TABLES["channel_setting"]
CONSENT = TABLES["consent"]
CONTACT = TABLES["contact"]
DEADLINE = TABLES["deadline"]
DEFINITION = TABLES["definition_version"]
DELIVERY = TABLES["delivery"]
DEMO = TABLES["demo"]
DOCUMENT = TABLES["document"]
DRAFT = TABLES["draft"]
ESCALATION = TABLES["escalation"]
EVENT = TABLES["event"]
INSTALLATION = TABLES["installation"]
INTERVAL = TABLES["interval"]
ITEM = TABLES["work_item"]
JOB = TABLES["job"]
MEMBERSHIP = TABLES["membership"]
MESSAGE = TABLES["message"]
MONTHLY_NUMBERS = TABLES["monthly_numbers"]
NUMBER_SHEET = TABLES["number_sheet"]
ORGANISATION = TABLES["organisation"]
PEER_HUB = TABLES["peer_hub"]
PERSON = TABLES["person"]
PREFERENCE = TABLES["preference"]
READING = TABLES["reading"]
RECUSAL = TABLES["recusal"]
REFERRAL = TABLES["referral"]
REQUEST = TABLES["approval_request"]
RUN = TABLES["run"]
SAVED_NUMBERS = TABLES["saved_numbers"]
SERVICE = TABLES["service"]
SHIFT = TABLES["shift"]
STEP = TABLES["step"]
UNIT = TABLES["unit"]


def is_one_of(column: Column[Any], *values: str) -> ColumnElement[bool]:
    """Give a condition with its values written out, so that every plan, a generic one too, can use a partial index."""
    literals: list[ColumnElement[str]] = [literal_column(f"'{value}'") for value in values]
    return column == literals[0] if len(literals) == 1 else column.in_(literals)


ITEM_IS_OPEN = is_one_of(ITEM.c.status, "ready", "reserved")
ITEM_IS_READY = is_one_of(ITEM.c.status, "ready")
ITEM_IS_RESERVED = is_one_of(ITEM.c.status, "reserved")
CASE_IS_OPEN = is_one_of(CASE.c.status, "open")
DEADLINE_IS_OPEN = is_one_of(DEADLINE.c.status, "open")
JOB_IS_TRIED_AGAIN = is_one_of(JOB.c.status, "ready", "claimed") & JOB.c.error_code.is_not(None)
"""A job that has failed and waits for its next try, or is being tried again."""
JOB_IS_READY = is_one_of(JOB.c.status, "ready")
JOB_HAS_FAILED = is_one_of(JOB.c.status, "aside", "failed")
STEP_IS_HELD_BACK = is_one_of(STEP.c.status, "held", "scheduled")
DELIVERY_IS_DEAD = is_one_of(DELIVERY.c.status, "dead")
OPENING: ColumnElement[str] = literal_column("'opening'")
"""The purpose of a timer that opens a step: nobody can be late for it."""
