"""From whom a sealed case is hidden, as one SQL condition: all but its holder and the data-protection officers."""

from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Select, exists, select

from engine.db import tables as tb
from engine.language.roles import Role

_SEAL, _CASE, _MEMBER = (tb.CaseRow.metadata.tables[name] for name in ("restriction", "case", "membership"))


def sealed_from(actor_id: UUID, case_id: Column[Any] | UUID) -> ColumnElement[bool]:
    """Give the condition that a case is sealed, and somebody is neither its holder nor officer of its unit."""
    of_case = _CASE.alias("sealed_case")
    is_officer = exists().where(
        _MEMBER.c.actor_id == actor_id,
        _MEMBER.c.unit_id == of_case.c.unit_id,
        _MEMBER.c.role == Role.DATA_PROTECTION_OFFICER.value,
    )
    return (
        exists()
        .where(
            _SEAL.c.case_id == case_id,
            _SEAL.c.lifted_at.is_(None),
            of_case.c.id == _SEAL.c.case_id,
            _SEAL.c.holder_id != actor_id,
            ~is_officer,
        )
        .correlate_except(_SEAL, of_case, _MEMBER)
    )


def sealed_cases(actor_id: UUID) -> Select[tuple[UUID]]:
    """Select the cases that are sealed from somebody, as `sealed_from` says it of one."""
    of_case = _CASE.alias("held_case")
    is_officer = exists().where(
        _MEMBER.c.actor_id == actor_id,
        _MEMBER.c.unit_id == of_case.c.unit_id,
        _MEMBER.c.role == Role.DATA_PROTECTION_OFFICER.value,
    )
    return (
        select(_SEAL.c.case_id)
        .select_from(_SEAL.join(of_case, of_case.c.id == _SEAL.c.case_id))
        .where(_SEAL.c.lifted_at.is_(None), _SEAL.c.holder_id != actor_id, ~is_officer.correlate(of_case))
    )
