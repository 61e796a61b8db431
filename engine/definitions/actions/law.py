"""Limits of the law as people read them: each with source, use and signature; signing one, or taking that back."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.core.library import Library
from engine.core.policy import Action, Viewer, can, units_that_let
from engine.core.time.counting import CalendarMissingError
from engine.core.time.explain import Reason, explain
from engine.db.transaction import Transaction
from engine.definitions.records import SignatureError, StoredSignature, UnknownLawLimitError
from engine.definitions.store import DefinitionStore, LawSignatureStore
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.language.calendars import NoCalendarError
from engine.language.law import LawLimit, Measure, law_term
from engine.language.library import DefinitionKind
from engine.language.limits import TimeLimit
from engine.language.names import meant
from engine.people.records import Unit
from engine.people.store import DirectoryStore
from engine.sign_in.actions.account import require_step_up

_HOME: Final[Mapping[str, str]] = {"in": "IN", "bd": "BD", "np": "NP", "mm": "MM", "int": "IN"}
"""Where the example of a pack is counted, unless somebody names another place."""
MEASURES: Final[Mapping[Measure, str]] = {
    Measure.AMOUNT: "an amount, no time",
    Measure.STANDING: "always, no time",
    Measure.WITH_THE_STEP: "together with the step, no time",
    Measure.NO_NUMBER: "the text gives no number",
}

LONGEST_SOURCE: Final = 300
WHY_REVOKED: Final[Mapping[str, str]] = {
    "law_changed": "The law has changed",
    "read_wrong": "The source was misread",
    "wrong_text": "The text of the limit is not right",
    "not_mine": "This signature is not mine",
}
"""Why a signature may be taken back: codes and words."""


@dataclass(frozen=True, slots=True)
class LawLine:
    """One text of a limit in the list of all. `state` is one of: signed, changed, revoked, unsigned."""

    limit: LawLimit
    pack: str
    pack_title: str
    state: str
    length: str
    term: str
    used_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A limit counted from an instant (UTC) in a place: line by line, or why it cannot be counted."""

    place: str
    start: datetime
    option: str
    lines: tuple[Reason, ...]
    problem: str = ""

    @property
    def due_at(self) -> datetime | None:
        """When it falls due (UTC); None when it counts no time."""
        return self.lines[-1].instant if self.lines else None


@dataclass(frozen=True, slots=True)
class LawPage:
    """Every text of one limit, with all signatures it ever had; `may_sign` says which the viewer may sign."""

    lines: tuple[LawLine, ...]
    note: str
    signatures: tuple[StoredSignature, ...]
    may_sign: bool


_EVERY: Final = "every {length}"
_WATCHED_AT_ONCE: Final = "at once; {length} are watched"
_WATCHED: Final = "no number; {length} are watched"


def law_lines(engine: Engine, *, jurisdiction: str = "", state: str = "") -> tuple[LawLine, ...]:
    """List every limit of the law, by pack and in its order; of one jurisdiction, or in one state of signing, alone."""
    with engine.transaction() as tx:
        lines = tuple(_lines(engine, tx))
    return tuple(
        line
        for line in lines
        if (not jurisdiction or line.limit.jurisdiction == jurisdiction) and (not state or line.state == state)
    )


def law_page(engine: Engine, limit_id: str, *, viewer: Viewer) -> LawPage:
    """Return every text of a limit; raises `UnknownLawLimitError`."""
    with engine.transaction() as tx:
        lines = tuple(line for line in _lines(engine, tx) if line.limit.id == limit_id)
        if not lines:
            known = {limit for pack in tx.library().packs.values() for limit in pack.by_id}
            near = meant(limit_id, known).rstrip(".")
            raise UnknownLawLimitError(limit_id=f"{limit_id[:60]} ({near[0].lower()}{near[1:]})")
        pack = tx.library().packs[lines[0].pack]
        signatures = [one for one in tx.of(LawSignatureStore).all() if one.limit_id == limit_id]
        may_sign = not viewer.is_system and bool(units_for(tx, viewer, lines[0].limit))
        return LawPage(lines, pack.note, tuple(signatures), may_sign)


def limits_of(
    engine: Engine, *, workflows: Collection[str], step_types: Collection[str], followed: Collection[str]
) -> tuple[str, ...]:
    """Name the limits that some workflows, or the step types in them, name, and those that deadlines follow already."""
    found = []
    for line in law_lines(engine):
        places = {place.partition(": ")[0] for place in line.used_by}
        if line.limit.id in followed or not places.isdisjoint({*workflows, *step_types}):
            found.append(line.limit.id)
    return tuple(dict.fromkeys(found))


def example(
    engine: Engine, limit: LawLimit, *, pack: str, start: datetime, place: str = "", option: str = ""
) -> Example:
    """Count a limit from an instant (aware) in a place, by the definitions that are published now."""
    library, where = engine.library(), place or home_of(pack)
    counted, begun = limit.limit_for(option), start.astimezone(UTC)
    known = [one.option for one in limit.alternatives]
    is_unknown = bool(option) and option not in known
    if counted is None or is_unknown:
        problem = f"There is no such length: choose one of {', '.join(known)}." if is_unknown else "It counts no time."
        return Example(where, begun, option, (), problem)
    try:
        lines = _counted(library, limit, counted, begun, where)
    except NoCalendarError:
        return Example(where, begun, option, (), f"No calendar is published for {where}.")
    except CalendarMissingError as error:
        return Example(where, begun, option, (), str(error))
    except OverflowError:
        return Example(where, begun, option, (), "That is too far away to be counted: choose another beginning.")
    return Example(where, begun, option, lines)


def home_of(pack: str) -> str:
    """Name the place in which an example of a pack is counted, unless somebody names another."""
    return _HOME.get(pack, "IN")


def places_of(engine: Engine) -> tuple[str, ...]:
    """List the places in which an example can be counted."""
    return tuple(sorted(engine.library().calendars))


def _counted(library: Library, limit: LawLimit, counted: TimeLimit, start: datetime, place: str) -> tuple[Reason, ...]:
    calendar = library.calendar(place)
    on = start.astimezone(calendar.zone_info).date()
    return explain(
        start, counted, zone=calendar.zone, calendar=calendar, event=limit.trigger,
        source=law_term(limit, on=on, jurisdiction=place), kept_until=limit.kept_until_of(counted),
    )  # fmt: skip


def _lines(engine: Engine, tx: Transaction) -> Iterable[LawLine]:
    library, used = tx.library(), _used_by(engine, tx)
    signatures = tx.of(LawSignatureStore).all()
    today = engine.clock.now().date()
    for name in sorted(library.packs, key=lambda one: (one == "int", one)):
        pack = library.packs[name]
        for limit in (one for versions in pack.by_id.values() for one in versions):
            state = _state(limit, signatures)
            yield LawLine(
                limit, name, pack.title, state, length_of(limit), law_term(limit, on=today), used.get(limit.id, ())
            )


def _state(limit: LawLimit, signatures: Iterable[StoredSignature]) -> str:
    """Say how it stands with the signature of a text: one under an earlier text of its limit was lost with it."""
    of_limit = [one for one in signatures if one.limit_id == limit.id]
    own = [one for one in of_limit if one.text_hash == limit.text_hash]
    if any(one.revoked_at is None for one in own):
        return "signed"
    if own:
        return "revoked"
    return "changed" if any(one.revoked_at is None for one in of_limit) else "unsigned"


def length_of(limit: LawLimit) -> str:
    """Return how long a limit is, and what is watched where the text gives no number."""
    if limit.counted_limit is None:
        return MEASURES[limit.measure]
    words = limit.counted_limit.in_words()
    if limit.measure is Measure.RECURRING:
        return _EVERY.format(length=words)
    if limit.is_watched:
        return (_WATCHED_AT_ONCE if limit.limit is not None else _WATCHED).format(length=words)
    return " or ".join([words, *(other.limit.in_words() for other in limit.alternatives)])


def _used_by(engine: Engine, tx: Transaction) -> Mapping[str, tuple[str, ...]]:
    """Name the steps of published workflows, and the step types, that follow each limit."""
    found: dict[str, list[str]] = {}
    for key in engine.catalogue.keys():  # noqa: SIM118 - a protocol of ours
        info = engine.catalogue.find(key)
        if info is not None and info.law_limit:
            found.setdefault(info.law_limit, []).append(key)
    for stored in tx.of(DefinitionStore).published(DefinitionKind.WORKFLOW.value):
        for key, step in engine.definitions[stored.content_hash].workflow.steps.items():
            for law in {time.law for time in step.time if time.law}:
                found.setdefault(law, []).append(f"{stored.name}: {key}")
    return {law: tuple(dict.fromkeys(places)) for law, places in found.items()}


def sign_limit(engine: Engine, limit_id: str, *, text_hash: str, source_read: str, viewer: Viewer) -> UUID:
    """Sign the text of a limit that has this hash: it may then be called law, where and when it is in force.

    A text that is signed already keeps its signature. Raises `NotAllowedError` for who is no lawyer,
    `StepUpNeededError`, `UnknownLawLimitError`, `InvalidAnswersError` without a source, and `SignatureError` for a text
    that is not the published one, or that is the law of another place.
    """
    require_lawyer(viewer)
    require_step_up(engine, viewer)
    source = " ".join(source_read.split())
    if not source or len(source) > LONGEST_SOURCE:
        raise InvalidAnswersError({"source_read": f"Name the text that you read, in at most {LONGEST_SOURCE} letters."})
    now = engine.clock.now()
    with engine.transaction() as tx:
        limit = _limit_with(tx, limit_id, text_hash)
        unit = next(iter(units_for(tx, viewer, limit)), None)
        if unit is None:
            raise SignatureError(limit_id=limit_id, problem=f"a lawyer of a unit in {limit.jurisdiction} has to.")
        known = next((one for one in tx.of(LawSignatureStore).live() if one.text_hash == text_hash), None)
        if known is not None:
            return known.id
        signature = StoredSignature(
            id=engine.entropy.uuid(), limit_id=limit_id, text_hash=text_hash, name=viewer.name, place=unit.jurisdiction,
            signed_by=viewer.actor_id, signed_on=_today(engine, unit), signed_at=now, source_read=source,
        )  # fmt: skip
        tx.of(LawSignatureStore).add(signature)
        said = {"limit": limit_id, "text": text_hash, "signature_id": str(signature.id), "place": unit.jurisdiction}
        tx.of(AuditLogStore).note("definitions", "LimitSigned", said, actor_id=viewer.actor_id, at=now)
        tx.commit()
    engine.refresh_definitions()
    return signature.id


def revoke_signature(engine: Engine, signature_id: UUID, *, why: str, viewer: Viewer) -> None:
    """Take a signature back: the limit is a target of the network again from now on.

    Any lawyer of the place may. Raises `NotAllowedError`, `StepUpNeededError`, `NotFoundError`, and
    `InvalidAnswersError` without one of the known reasons. A second time nothing happens.
    """
    require_lawyer(viewer)
    require_step_up(engine, viewer)
    if why not in WHY_REVOKED:
        raise InvalidAnswersError({"why": "Choose a reason."})
    now = engine.clock.now()
    with engine.transaction() as tx:
        known = tx.of(LawSignatureStore).get(signature_id)
        if known is None:
            raise NotFoundError(kind="signature")
        if not any(_is_of_place(unit.jurisdiction, known.place.partition("-")[0]) for unit in _units(tx, viewer)):
            raise SignatureError(limit_id=known.limit_id, problem=f"a lawyer of a unit in {known.place} has to.")
        if known.revoked_at is not None:
            return
        tx.of(LawSignatureStore).revoke(signature_id, by=viewer.actor_id, at=now, why=why)
        said = {"limit": known.limit_id, "text": known.text_hash, "signature_id": str(signature_id), "why": why}
        tx.of(AuditLogStore).note("definitions", "SignatureRevoked", said, actor_id=viewer.actor_id, at=now)
        tx.commit()
    engine.refresh_definitions()


def require_lawyer(viewer: Viewer) -> None:
    """Refuse whoever is no lawyer; the machine itself signs nothing."""
    if viewer.is_system or not can(viewer, Action.SIGN_LAW):
        raise NotAllowedError(actor=viewer.name, action=Action.SIGN_LAW.value)


def units_for(tx: Transaction, viewer: Viewer, limit: LawLimit) -> tuple[Unit, ...]:
    """Give the units for which somebody, as their lawyer, may sign a limit; none when it is the law of other places."""
    return tuple(unit for unit in _units(tx, viewer) if _is_of_place(unit.jurisdiction, limit.jurisdiction))


def _units(tx: Transaction, viewer: Viewer) -> Iterable[Unit]:
    found = (tx.of(DirectoryStore).unit(unit_id) for unit_id in sorted(units_that_let(viewer, Action.SIGN_LAW)))
    return (unit for unit in found if unit is not None)


def _is_of_place(place: str, law_of: str) -> bool:
    """Return whether a unit's place is one of a law's: anywhere, in its country, or in its State."""
    return law_of in {"*", place, place.partition("-")[0]}


def _limit_with(tx: Transaction, limit_id: str, text_hash: str) -> LawLimit:
    versions = tx.library().versions(limit_id)
    if not versions:
        raise UnknownLawLimitError(limit_id=limit_id)
    found = next((one for one in versions if one.text_hash == text_hash), None)
    if found is None:
        raise SignatureError(limit_id=limit_id, problem="its text has changed since: read it again.")
    return found


def _today(engine: Engine, unit: Unit) -> date:
    return engine.clock.now().astimezone(ZoneInfo(unit.zone)).date()
