"""How tables are declared: a row takes its fields from a record, and adds what only the database must know."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import NoneType
from typing import Any, Final, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Boolean, Column, Date, DateTime, Dialect, ForeignKey, Integer, LargeBinary, Table, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import Text, TypeDecorator, TypeEngine, Uuid
from sqlmodel import AutoString, Field, SQLModel
from sqlmodel._compat import SQLModelConfig
from sqlmodel.main import SQLModelMetaclass

from engine.errors import DamagedError

ENCRYPTED_MARK: Final = b"v2|"


class Encrypted(TypeDecorator[bytes]):
    """A column that takes nothing but sealed values: plain text cannot get in by mistake."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - its signature
        """Refuse a value that does not bear the mark of a seal."""
        if value is not None and not value.startswith(ENCRYPTED_MARK):
            raise DamagedError(what="A value for a sealed column")
        return value


_PLAIN: Final[Mapping[type, TypeEngine[Any]]] = {
    UUID: Uuid(), datetime: DateTime(timezone=True), date: Date(), bool: Boolean(), int: Integer(), str: AutoString(),
    bytes: LargeBinary(),
}  # fmt: skip


class _Rows(SQLModelMetaclass):
    """Makes a row of a record: a column for each of its fields that the class does not declare itself.

    `of` is the record; its fields `without` are no columns. `to` names the table that a field refers to. The default of
    the fields in `server_default` is the database's as well. A table is named like its class.
    """

    def __new__(
        cls,
        name: str,
        bases: tuple[type, ...],
        members: dict[str, Any],
        *,
        of: type | None = None,
        without: Sequence[str] = (),
        key: Sequence[str] = ("id",),
        to: Mapping[str, str] | None = None,
        index: Sequence[str] = (),
        unique: Sequence[str] = (),
        server_default: Sequence[str] = (),
        **more: Any,  # noqa: ANN401 - what SQLModel takes
    ) -> Any:  # noqa: ANN401 - as SQLModel does
        """Declare the columns, and let SQLModel make the table."""
        more |= {"table": any(isinstance(base, _Rows) for base in bases)}
        members.setdefault("__tablename__", re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Row")).lower())
        declared = members.setdefault("__annotations__", {})
        for field, hint, default in fields_of(of) if of else ():
            if field in declared or field in without:
                continue
            facts: dict[str, Any] = {"primary_key": field in key, "index": field in index, "unique": field in unique}
            if field in server_default:
                facts["server_default"] = default if isinstance(default, str) else text(str(default).lower())
            refers = [ForeignKey(f"{to[field]}.id")] if to and field in to else []
            declared[field], members[field] = Any, Field(default=None, sa_column=_column(hint, default, refers, facts))
        return super().__new__(cls, name, bases, members, **more)

    def __init__(cls, name: str, _: tuple[type, ...], members: dict[str, Any], **__: object) -> None:  # noqa: N805
        """Make its table, without SQLAlchemy's mapper: nobody makes a row, and mapping them took half of the import."""
        if not members.get("__tablename__") or name == "Row":
            return
        columns = {field: column for field, column in vars(cls).items() if isinstance(column, Column)}
        for field, column in columns.items():
            column.name, column.key = column.name or field, column.key or field
        cls.__table__ = Table(
            members["__tablename__"], cls.metadata, *columns.values(), *members.get("__table_args__", ())
        )


class Row(SQLModel, metaclass=_Rows):
    """The base of every row; each class of it is a table. Nobody makes one: stores write and read records."""

    model_config = SQLModelConfig(defer_build=True)


def fields_of(of: Any) -> list[tuple[str, Any, object]]:  # noqa: ANN401 - a class of records
    """List the fields of a record: name, type, and the plain value that it has where none is given."""
    if issubclass(of, BaseModel):
        given = {name: field.default for name, field in of.model_fields.items()}
    elif dataclasses.is_dataclass(of):
        given = {field.name: field.default for field in dataclasses.fields(of)}
    else:
        given = {name: of._field_defaults.get(name) for name in of._fields}
    hints = get_type_hints(of)
    return [(name, hints[name], value if isinstance(value, str | int) else None) for name, value in given.items()]


def _column(hint: Any, default: object, refers: list[ForeignKey], facts: dict[str, Any]) -> Column[Any]:  # noqa: ANN401
    """Return the column of a field: without `None` among its types it must have a value, and a list or JSON has one."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType] if NoneType in get_args(hint) else [hint]
    made, empty = _type_of(kinds[0])
    if empty and kinds[0] is hint:
        facts["server_default"] = text(empty)
    return Column(made, *refers, nullable=kinds[0] is not hint, default=default, **facts)


def _type_of(kind: Any) -> tuple[TypeEngine[Any], str]:  # noqa: ANN401 - a type
    """Return the type of a column, and how its empty list or object is written; what is plain has none."""
    for known, plain in _PLAIN.items() if isinstance(kind, type) else ():
        if issubclass(kind, known):
            return plain, ""
    if get_origin(kind) is not tuple:
        return JSONB(), "'{}'::jsonb"
    inner = get_args(kind)[0]
    if not issubclass(inner, UUID | str):
        return JSONB(), "'[]'::jsonb"
    return (ARRAY(Uuid()) if inner is UUID else ARRAY(Text())), "'{}'"


def at(*, null: bool = True, index: bool = False) -> Any:  # noqa: ANN401 - stands as the default of a field
    """Declare an instant, kept in UTC."""
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=null, index=index))


def json_value(default: str = "{}") -> Any:  # noqa: ANN401
    """Declare a JSON object or list; `default` is its text."""
    return Field(default=None, sa_column=Column(JSONB(), nullable=False, server_default=text(f"'{default}'::jsonb")))


def encrypted() -> Any:  # noqa: ANN401
    """Declare bytes that are sealed, or nothing."""
    return Field(default=None, sa_column=Column(Encrypted(), nullable=True))


def texts() -> Any:  # noqa: ANN401
    """Declare a list of texts."""
    return Field(default=None, sa_column=Column(ARRAY(Text()), nullable=False, server_default=text("'{}'")))


def ids() -> Any:  # noqa: ANN401
    """Declare a list of ids."""
    return Field(default=None, sa_column=Column(ARRAY(Uuid()), nullable=False, server_default=text("'{}'")))
