"""Look a recruiter's licence up in the list that this installation keeps as data."""

import json
import re
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from typing import Any, Final

_LIST: Final[Mapping[str, Any]] = json.loads(files(__package__).joinpath("licences.json").read_text(encoding="utf-8"))
READ_ON: Final = date.fromisoformat(_LIST["read_on"])
VALID, EXPIRED, NOT_LISTED, NONE_TOLD = "valid", "expired", "not_listed", "none_told"


def licence_state(number: object, on: date, licences: tuple[Mapping[str, str], ...] = ()) -> str:
    """Return whether a licence number is on the list, and valid on a day; signs and case make no difference.

    A number that is not listed proves nothing: the list is as old as `READ_ON`.
    """
    if not isinstance(number, str) or not number.strip():
        return NONE_TOLD
    wanted = _plain(number)
    known = next((one for one in licences or tuple(_LIST["licences"]) if _plain(one["number"]) == wanted), None)
    if known is None:
        return NOT_LISTED
    return VALID if date.fromisoformat(known["valid_until"]) >= on else EXPIRED


def _plain(number: str) -> str:
    return re.sub(r"[^a-z0-9+]", "", number.casefold())
