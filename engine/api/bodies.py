"""Read the body of a request: JSON of one shape, or what does not fit by a pointer to its place."""

from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from engine.errors import InvalidAnswersError

_Read = TypeVar("_Read", bound=BaseModel)


def read_body(model: type[_Read], sent: bytes) -> _Read:
    """Read a body; raise `InvalidAnswersError` for one that does not fit, and 400 for what is no JSON."""
    try:
        return model.model_validate_json(sent)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
    if any(one["type"] == "json_invalid" for one in problems):
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    raise InvalidAnswersError({pointer(*map(str, one["loc"])): f"{one['msg']}." for one in problems})


def pointer(*names: str) -> str:
    """Return a JSON pointer to a place in a body."""
    return "".join(f"/{name.replace('~', '~0').replace('/', '~1')}" for name in names)
