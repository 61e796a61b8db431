"""Column types: sealed bytes, instants, JSON."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine, Uuid

from engine.errors import DamagedError

ENCRYPTED_MARK = b"v2|"


class Encrypted(TypeDecorator[bytes]):
    """A column that takes nothing but sealed values: plain text cannot get in by mistake."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - its signature
        """Refuse a value that does not bear the mark of a seal."""
        if value is not None and not value.startswith(ENCRYPTED_MARK):
            raise DamagedError(what="A value for a sealed column")
        return value


def instant() -> TypeEngine[datetime]:
    """An instant, kept in UTC."""
    return DateTime(timezone=True)


def json_object() -> TypeEngine[Any]:
    """A JSON object or list."""
    return JSONB()


def uuids() -> TypeEngine[Any]:
    """A list of ids."""
    return ARRAY(Uuid())
