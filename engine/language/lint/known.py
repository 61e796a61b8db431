"""The names that exist outside of a workflow file, which it may use."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from engine.language.catalogue import Output
from engine.language.law import LawPack
from engine.language.roles import Role


@dataclass(frozen=True, slots=True)
class KnownLaw:
    """A limit of the law as workflows see it: its options by name, whether it counts time, where it holds.

    `options` are those that every version of it has; `in_some` are those of some version only.
    """

    options: frozenset[str] = frozenset()
    in_some: frozenset[str] = frozenset()
    is_timed: bool = True
    jurisdiction: str = "*"


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Roles, ladders, limits of the law, calendars; outputs of a report, letters, places (empty: not checked)."""

    roles: frozenset[str] = frozenset(role.value for role in Role)
    ladders: frozenset[str] = frozenset()
    laws: Mapping[str, KnownLaw] = field(default_factory=dict)
    calendars: frozenset[str] = frozenset()
    workflows: frozenset[str] = frozenset()
    report: Mapping[str, Output] = field(default_factory=dict)
    letters: frozenset[str] = frozenset()
    holiday_places: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        *,
        ladders: Iterable[str],
        packs: Iterable[LawPack],
        calendars: Iterable[str],
        workflows: Iterable[str] = (),
        report: Mapping[str, Output] | None = None,
        letters: Iterable[str] = (),
        holiday_places: Iterable[str] = (),
    ) -> Self:
        """Gather the names of definitions at hand."""
        laws: dict[str, KnownLaw] = {}
        for limit in (limit for pack in packs for limit in pack.limits):
            own = frozenset(alternative.option for alternative in limit.alternatives)
            earlier = laws.get(limit.id, KnownLaw(own, is_timed=False))
            options = earlier.options & own
            in_some = (earlier.options | earlier.in_some | own) - options
            timed = earlier.is_timed or limit.counted_limit is not None
            laws[limit.id] = KnownLaw(options, in_some, timed, limit.jurisdiction)
        return cls(
            ladders=frozenset(ladders),
            laws=laws,
            calendars=frozenset(calendars),
            workflows=frozenset(workflows),
            report=report or {},
            letters=frozenset(letters),
            holiday_places=frozenset(holiday_places),
        )
