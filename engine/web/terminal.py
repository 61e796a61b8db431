"""What all commands share: settings, errors in words, tables. Nothing here needs a database."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any, NoReturn, ParamSpec, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from engine.core.policy import THIS_MACHINE
from engine.errors import IcmcError, InvalidAnswersError
from engine.language.findings import DefinitionError
from engine.settings import Settings

FOUND_PROBLEMS = 1
WRONG_USAGE = 2
WAITS = 3
"""It was asked for, and a second person has to agree before it is done."""
SYSTEM = THIS_MACHINE
"""Who acts when a command names no person."""
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def read_settings(**more: object) -> Settings:
    """Read the settings from the environment; ends with words when one of them does not fit."""
    try:
        return Settings(**more)  # type: ignore[arg-type]
    except ValidationError as error:
        detail = error.errors(include_input=False)[0]
        fail(f"ICMC_{str(detail['loc'][0]).upper()}: {detail['msg']}.", status=WRONG_USAGE)


def show(value: object, *, as_json: bool, words: Callable[[], str]) -> None:
    """Print a value as JSON or in words."""
    typer.echo(json.dumps(_plain(value), ensure_ascii=False, indent=2) if as_json else words())


def fail(message: str, *, status: int = FOUND_PROBLEMS) -> NoReturn:
    """Say what is wrong, and end."""
    typer.echo(message, err=True)
    raise typer.Exit(status)


def read_instant(text: str) -> datetime:
    """Read an instant with its zone, given on the command line; ends with words for any other text. Gives UTC."""
    try:
        read = datetime.fromisoformat(text)
        instant = read.astimezone(UTC)
    except (ValueError, OverflowError):
        fail(f"{text}: write it like 2026-03-07T18:40+05:30.", status=WRONG_USAGE)
    if read.tzinfo is None:
        fail(f"{text}: say in which time zone, like 2026-03-07T18:40+05:30.", status=WRONG_USAGE)
    return instant


P = ParamSpec("P")
R = TypeVar("R")


def in_words(command: Callable[P, R]) -> Callable[P, R]:
    """Turn every error of ICMC into its sentence; nobody is shown a traceback."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except InvalidAnswersError as error:
            asked = {name: f"“{label}” ({name})" for name, label in error.labels.items()}
            fail("\n".join(f"{asked.get(name, name)}: {told}" for name, told in sorted(error.problems.items())))
        except DefinitionError as error:
            fail("\n".join(str(finding) for finding in error.findings) or str(error))
        except IcmcError as error:
            fail(str(error))
        except KeyboardInterrupt:
            fail("Stopped.")
        except BrokenPipeError:
            sys.stderr.close()
            raise typer.Exit(0) from None
        except OSError as error:
            if error.filename is None:
                raise
            fail(f"{error.filename}: {error.strerror}.")

    return guarded


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON takes
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
