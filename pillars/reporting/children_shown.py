"""Whom to tell where a child might be shown naked or abused: the police, and the ways of each country."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any, Final

from engine.plugin import Prepared

_DATA: Final[Mapping[str, Any]] = json.loads(
    files(__package__).joinpath("children_shown.json").read_text(encoding="utf-8")
)


def report_of_child(country: str, way: str, now: datetime) -> Prepared:
    """Propose a notification to the police, or by the national ways, with what is known of them in a country.

    `way` is `police` or `national_ways`, `now` is in UTC.
    """
    known = _DATA["countries"].get(country, {})
    told = known.get(way) or _DATA["other"][way]
    notes = [_DATA["address_only"], *_in_words(told)]
    prefill = Prepared.given(law=known.get("law") or None, notified_at=now.isoformat())
    if way == "national_ways":
        notes += _in_words([_DATA["platform"]])
        prefill |= Prepared.given(notified_body=known.get("body") or None, mode=known.get("mode") or None)
    return Prepared(prefill=prefill, notes=tuple(notes))


def _in_words(told: Iterable[Mapping[str, str]]) -> list[str]:
    return [f"{one['says']} (Source: {one['source']}; how sure: {one['confidence']}.)" for one in told]
