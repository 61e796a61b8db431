"""How the fields of rows are declared: instants, JSON, sealed values, lists."""

from typing import Any

from sqlalchemy import Column, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text
from sqlmodel import Field

from engine.db.columns import Encrypted, instant, json_object, uuids


def at(*, null: bool = True, index: bool = False) -> Any:  # noqa: ANN401 - stands as the default of a field
    """Declare an instant, kept in UTC."""
    return Field(default=None, sa_column=Column(instant(), nullable=null, index=index))


def json_value(default: str = "{}") -> Any:  # noqa: ANN401
    """Declare a JSON object or list; `default` is its text."""
    return Field(
        default=None, sa_column=Column(json_object(), nullable=False, server_default=text(f"'{default}'::jsonb"))
    )


def encrypted() -> Any:  # noqa: ANN401
    """Declare bytes that are sealed, or nothing."""
    return Field(default=None, sa_column=Column(Encrypted(), nullable=True))


def texts() -> Any:  # noqa: ANN401
    """Declare a list of texts."""
    return Field(default=None, sa_column=Column(ARRAY(Text()), nullable=False, server_default=text("'{}'")))


def ids() -> Any:  # noqa: ANN401
    """Declare a list of ids."""
    return Field(default=None, sa_column=Column(uuids(), nullable=False, server_default=text("'{}'")))
