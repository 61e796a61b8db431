"""The steps of long cases that are over, remembered by the process that has loaded them: hardly any changes again.

What is true of a case is what its events lead to. While the link is in the chain up to which a case was loaded, no step
has changed since but those of later events: these and the live ones are all that is loaded again.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Final, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from engine.cases.encrypted import OpenedWhenRead
from engine.core.records import LIVE, Case, Step
from engine.db.trips import array
from engine.ports import Vault

_LONG: Final = 100
"""With fewer steps that are over a case is loaded whole."""
_CASES: Final = 16
_STEPS: Final = 20_000
"""So many cases and steps at the most are remembered, those that were loaded last."""
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Since(NamedTuple):
    """The steps of a case that were over when its chain had this length and this end, in their order."""

    length: int
    head: bytes
    over: Mapping[UUID, Step]
    opened: list[OpenedWhenRead]
    """Outputs among them that somebody has read."""


class StepsOver:
    """What one process remembers. What it has decrypted it decrypts anew for each decision."""

    def __init__(self) -> None:
        """Remember nothing."""
        self._known: OrderedDict[UUID, Since] = OrderedDict()
        self._lock = Lock()

    def known(self, case_ids: Collection[UUID] | None = None) -> Mapping[UUID, Since]:
        """Return what is remembered of these cases, or of all."""
        with self._lock:
            return {id_: one for id_, one in self._known.items() if case_ids is None or id_ in case_ids}

    def with_loaded(
        self, case: Case, steps: Sequence[Step], since: Since | None, opened: list[OpenedWhenRead]
    ) -> tuple[dict[UUID, Step], dict[UUID, Step]]:
        """Return the steps of a case and the live ones, of what was loaded and what was known, and remember those over.

        `opened` is where outputs that were loaded now put themselves when they are read.
        """
        live = {step.id: step for step in steps if step.status in LIVE}
        over = {step.id: step for step in steps if step.id not in live}
        if since is not None:
            over = _joined(since.over, steps, over)
        if len(over) >= _LONG:
            self._remember(case.id, Since(case.chain_length, case.chain_head, over, opened))
        return over | live, live

    def _remember(self, case_id: UUID, since: Since) -> None:
        with self._lock:
            self._known[case_id] = since
            self._known.move_to_end(case_id)
            while len(self._known) > _CASES or sum(len(one.over) for one in self._known.values()) > _STEPS:
                self._known.popitem(last=False)


def arrays(known: Mapping[UUID, Since]) -> list[bytes]:
    """Write what is known as the loading statements take it: ids of cases, lengths and ends of their chains."""
    if not known:
        return [b"{}", b"{}", b"{}"]
    ends = array(f'"\\\\x{one.head.hex()}"' for one in known.values())
    return [array(known), array(one.length for one in known.values()), ends]


def _joined(known: Mapping[UUID, Step], steps: Sequence[Step], over: Mapping[UUID, Step]) -> dict[UUID, Step]:
    """Put what was loaded in the place of what was known; the order is that in which all would have been loaded."""
    joined = dict(known)
    for step in steps:
        joined.pop(step.id, None)
    last = next(reversed(joined.values()), None)
    joined |= over
    if last is not None and any(_place(step) < _place(last) for step in over.values()):
        joined = {step.id: step for step in sorted(joined.values(), key=_place)}
    return joined


def _place(step: Step) -> tuple[datetime, datetime, str, str]:
    return step.recorded_at or _NEVER, step.opened_at or _NEVER, step.key, step.path


_OF_VAULT: Final[WeakKeyDictionary[Vault, StepsOver]] = WeakKeyDictionary()


def steps_over(vault: Vault) -> StepsOver:
    """Return what is remembered of the cases whose values a vault opens."""
    return _OF_VAULT.setdefault(vault, StepsOver())
