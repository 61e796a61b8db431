"""What happened in a quarter, counted exactly, for the system itself: figures come out of it, and nobody's name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from itertools import product
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import select, text

from engine.builtin import REPORT
from engine.cases.encrypted import open_values, outputs_of
from engine.cases.store import CONCERN
from engine.core.law.told import AgeRange, Telling, ages_of, gathered, oldest_on, strongest, youngest_on
from engine.core.records import path_of_person
from engine.core.values import person_in
from engine.db.reading import Reading, Row
from engine.db.shape import PERSON, STEP, UNIT
from engine.errors import KeyMissingError
from engine.numbers.records import AGES, ANSWERED, ELSEWHERE, NOT_KNOWN, OTHERS, SEXES, Counted, Period
from engine.numbers.suppression import LEAST, WHOLE, Cell

_AT_ONCE: Final = 500
_VICTIM: Final = """
    WITH victim AS (
        SELECT coalesce(m.primary_id, p.person_id) AS root, p.person_id, p.case_id, p.unit_id, p.added_at
        FROM case_person p LEFT JOIN person_merge m ON m.secondary_id = p.person_id AND m.ended_at IS NULL
        WHERE p.role IN ('victim', 'possible_victim') AND p.status <> 'disproved' AND p.removed_at IS NULL)
"""
_IN_TIME: Final = "timezone(f.zone, f.at) >= :first AND timezone(f.zone, f.at) < :end"
_SURVIVORS: Final = text(f"""{_VICTIM}
    SELECT * FROM (
        SELECT DISTINCT ON (v.root) v.root, v.person_id, v.case_id, v.unit_id, v.added_at AS at, u.zone, c.concern,
            c.jurisdiction
        FROM victim v JOIN "case" c ON c.id = v.case_id JOIN unit u ON u.id = v.unit_id
        ORDER BY v.root, v.added_at, v.case_id) f
    WHERE {_IN_TIME}
""")
_HELPED: Final = text(f"""{_VICTIM}
    SELECT f.root, f.what, f.unit_id FROM (
        SELECT DISTINCT ON (v.root, k.what) v.root, k.what, s.unit_id, s.recorded_at AS at, u.zone
        FROM step s JOIN unnest(CAST(:uses AS text[]), CAST(:whats AS text[])) AS k (uses, what) ON k.uses = s.uses
        JOIN victim v ON v.case_id = s.case_id
            AND (strpos(s.path, 'person:') = 0 OR strpos(s.path, v.person_id::text) > 0)
        JOIN unit u ON u.id = s.unit_id
        WHERE s.status = 'ended' AND s.outcome = 'done' AND NOT s.automatic AND s.recorded_at IS NOT NULL
            AND (k.what <> :visited OR EXISTS (
                SELECT FROM step r WHERE r.case_id = s.case_id AND r.uses = ANY(CAST(:returned AS text[]))
                AND r.status = 'ended' AND r.outcome = 'done' AND r.ended_at <= s.ended_at - interval '11 months'))
        ORDER BY v.root, k.what, s.recorded_at) f
    WHERE {_IN_TIME}
""")
_LIMITS: Final = text(f"""
    SELECT f.unit_id, f.is_law, f.is_missed, count(*) AS n FROM (
        SELECT d.unit_id, d.law IS NOT NULL AS is_law, d.breached_at IS NOT NULL AS is_missed, d.due_at AS at, u.zone
        FROM deadline d JOIN unit u ON u.id = d.unit_id
        WHERE d.purpose <> 'opening' AND (d.status = 'met' OR d.breached_at IS NOT NULL)) f
    WHERE {_IN_TIME} GROUP BY f.unit_id, f.is_law, f.is_missed
""")
_REFERRALS: Final = text(f"""
    SELECT f.unit_id, f.partner, f.answer, count(*) AS n FROM (
        SELECT r.unit_id, coalesce(t.name, h.name, '') AS partner, r.sent_at AS at, u.zone,
            CASE WHEN r.answered_at IS NULL THEN 'none'
                WHEN r.due_at IS NULL OR r.answered_at <= r.due_at THEN 'in_time' ELSE 'late' END AS answer
        FROM referral r JOIN unit u ON u.id = r.unit_id
        LEFT JOIN unit t ON t.id = r.to_unit_id LEFT JOIN peer_hub h ON h.id = r.to_hub_id
        WHERE r.status <> 'held') f
    WHERE {_IN_TIME} GROUP BY f.unit_id, f.partner, f.answer
""")
_MEDIANS: Final = text(f"""
    SELECT f.unit_id, f.uses, percentile_cont(0.5) WITHIN GROUP (ORDER BY f.hours) AS hours FROM (
        SELECT s.unit_id, s.uses, s.ended_at AS at, u.zone, extract(epoch FROM s.ended_at - c.opened_at) / 3600 AS hours
        FROM step s JOIN "case" c ON c.id = s.case_id JOIN unit u ON u.id = s.unit_id
        WHERE s.status = 'ended' AND s.outcome = 'done' AND NOT s.automatic AND s.ended_at >= c.opened_at) f
    WHERE {_IN_TIME} GROUP BY GROUPING SETS ((f.unit_id, f.uses), (f.uses)) HAVING count(DISTINCT f.at) >= :least
""")


class _Known(NamedTuple):
    """What can be counted here: the forms of exploitation, the places, and what step types count for."""

    forms: tuple[str, ...]
    places: tuple[str, ...]
    counts_for: tuple[tuple[str, str], ...]
    returned: tuple[str, ...]
    pillars: tuple[str, ...]
    outcomes: tuple[str, ...]


def count_period(reading: Reading, period: Period) -> Counted:
    """Count a period over all units: survivors where they were first written down, help where it was first given."""
    units = reading.rows(select(UNIT.c.id, UNIT.c.jurisdiction).order_by(UNIT.c.id))
    known = _known(reading, tuple(sorted({row["jurisdiction"] for row in units})))
    tally = _Tally([str(row["id"]) for row in units], known)
    span = dict(zip(("first", "end"), period.days(), strict=True))
    first = reading.rows(_SURVIVORS.bindparams(**span))
    for row, age, sex in _with_age_and_sex(reading, first):
        form = row["concern"] if row["concern"] in known.forms else NOT_KNOWN
        place = row["jurisdiction"] if row["jurisdiction"] in known.places else ELSEWHERE
        for what in ("survivors", f"age/{age}", f"sex/{sex}", f"form/{form}", f"place/{place}"):
            tally.person(row["unit_id"], what, row["root"])
    uses, whats = zip(*known.counts_for, strict=True) if known.counts_for else ((), ())
    helped = {"uses": list(uses), "whats": list(whats), "returned": list(known.returned), "visited": "outcome/visited"}
    for row in reading.rows(_HELPED.bindparams(**span, **helped)):
        tally.person(row["unit_id"], row["what"], row["root"])
    for row in reading.rows(_LIMITS.bindparams(**span)):
        sort, how = "law" if row["is_law"] else "promise", "missed" if row["is_missed"] else "kept"
        tally.add(row["unit_id"], row["n"], "limits", f"limits/{sort}", f"limits/{sort}/{how}")
    for row in reading.rows(_REFERRALS.bindparams(**span)):
        tally.referral(row["unit_id"], row["partner"] or OTHERS, row["answer"], row["n"])
    medians: dict[str, dict[str, float]] = {}
    for row in reading.rows(_MEDIANS.bindparams(**span, least=LEAST)):
        unit = str(row["unit_id"]) if row["unit_id"] else WHOLE
        medians.setdefault(unit, {})[row["uses"]] = round(float(row["hours"]), 1)
    return tally.counted(medians)


class _Tally:
    """Counts as they come, of each unit and of all together; every figure that could occur is there, at zero.

    Where there is one unit only, it is all together.
    """

    def __init__(self, units: Sequence[str], known: _Known) -> None:
        self._units = (WHOLE, *units) if len(units) > 1 else (WHOLE,)
        limits: list[tuple[str, ...]] = [("limits/law", "limits/promise")]
        self._splits: dict[str, list[tuple[str, ...]]] = {
            "survivors": [
                tuple(f"age/{one}" for one in AGES), tuple(f"sex/{one}" for one in SEXES),
                tuple(f"form/{one}" for one in (*known.forms, NOT_KNOWN)),
                tuple(f"place/{one}" for one in (*known.places, ELSEWHERE)),
            ],
            "limits": limits,
            **{one: [(f"{one}/kept", f"{one}/missed")] for one in limits[0]},
            "referrals": [tuple(f"answer/{one}" for one in ANSWERED)],
        }  # fmt: skip
        self._apart = (*(f"pillar/{one}" for one in known.pillars), *(f"outcome/{one}" for one in known.outcomes))
        whats = {
            *self._splits,
            *self._apart,
            *(one for splits in self._splits.values() for some in splits for one in some),
        }
        self._counts: dict[Cell, int] = {(unit, what): 0 for unit in self._units for what in whats}
        self._people: dict[Cell, set[UUID]] = {}
        self._partners: set[str] = set()

    def add(self, unit: UUID, number: int, *whats: str) -> None:
        """Count something of a unit."""
        for of, what in product(self._of(unit), whats):
            self._counts[of, what] += number

    def person(self, unit: UUID, what: str, who: UUID) -> None:
        """Count somebody once."""
        self.add(unit, 1, what)
        for of in self._of(unit):
            self._people.setdefault((of, what), set()).add(who)

    def _of(self, unit: UUID) -> Iterator[str]:
        return (one for one in (str(unit), WHOLE) if one in self._units)

    def referral(self, unit: UUID, partner: str, answer: str, number: int) -> None:
        """Count what was sent, by answer in each unit, and by partner in all together."""
        self.add(unit, number, "referrals", f"answer/{answer}")
        if partner not in self._partners:
            self._partners.add(partner)
            self._counts |= {(WHOLE, f"partner/{partner}{end}"): 0 for end in ("", *(f"/{one}" for one in ANSWERED))}
        for what in (f"partner/{partner}", f"partner/{partner}/{answer}"):
            self._counts[WHOLE, what] += number

    def counted(self, medians: Mapping[str, Mapping[str, float]]) -> Counted:
        """Return what was counted, how figures are parted, and which happen to be parts of others."""
        splits: dict[str, Sequence[Sequence[str]]] = dict(self._splits)
        if partners := sorted(self._partners):
            each = [tuple(f"partner/{one}/{answer}" for one in partners) for answer in ANSWERED]
            splits["referrals"] = [
                *self._splits["referrals"], tuple(f"partner/{one}" for one in partners),
                tuple(one for some in each for one in some),
            ]  # fmt: skip
            splits |= {f"answer/{answer}": [some] for answer, some in zip(ANSWERED, each, strict=True)}
            splits |= {f"partner/{one}": [tuple(f"partner/{one}/{answer}" for answer in ANSWERED)] for one in partners}
        return Counted(self._counts, splits, tuple(self._within()), medians)

    def _within(self) -> Iterator[tuple[Cell, Cell]]:
        """Name the figures of help that hold only people of another one: by chance, or because one brings the other."""
        for unit in self._units:
            some = {what: self._people.get((unit, what), set()) for what in ("survivors", *self._apart)}
            for what, who in some.items():
                yield from (((unit, what), (unit, of)) for of, all_of in some.items() if who and who < all_of)


def _known(reading: Reading, places: tuple[str, ...]) -> _Known:
    registry = reading.known.registry
    report = registry.step_types.get(REPORT)
    asked = next((spec for spec in report.fields if spec.name == CONCERN), None) if report else None
    pillars = [one.pillar for one in registry.installed if one.pillar.letter]
    counts_for = [(step.key, f"pillar/{pillar.key}") for pillar in pillars for step in pillar.step_types]
    outcomes = [(step.key, step.counts_as) for step in registry.step_types.values() if step.counts_as]
    return _Known(
        forms=tuple(one for one in asked.choices if one != NOT_KNOWN) if asked else (), places=places,
        counts_for=(*counts_for, *((key, f"outcome/{name}") for key, name in outcomes)),
        returned=tuple(key for key, name in outcomes if name == "returned"),
        pillars=tuple(pillar.key for pillar in pillars),
        outcomes=tuple(dict.fromkeys(name for _, name in outcomes)),
    )  # fmt: skip


def _with_age_and_sex(reading: Reading, rows: Iterable[Row]) -> Iterator[tuple[Row, str, str]]:
    """Return people with their age group on the day on which they were written down, and their sex, opened here."""
    telling = {step.key for step in reading.known.registry.step_types.values() for spec in step.fields if spec.tells}
    every = list(rows)
    for start in range(0, len(every), _AT_ONCE):
        some = every[start : start + _AT_ONCE]
        cases, people = {row["case_id"] for row in some}, {row["person_id"] for row in some}
        reading.vault.make_ready(cases | people)
        told = _told(reading, cases, telling)
        ages = _ages(reading, people)
        for row in some:
            path, zone = path_of_person(row["person_id"]), row["zone"]
            facts = gathered(told.get(row["case_id"], ()), path, people=(path,), zone=zone)
            age = strongest([*(one for one in facts.ages if one), *ages.get(row["person_id"], ())])
            yield row, _age_group(age, row["at"].date()), _sex(facts.sexes)


def _told(reading: Reading, cases: set[UUID], telling: set[str]) -> Mapping[UUID, list[Telling]]:
    found: dict[UUID, list[Telling]] = {}
    wanted = (STEP.c.case_id.in_(sorted(cases)), STEP.c.uses.in_(sorted(telling)), STEP.c.status == "ended")
    columns = (STEP.c.id, STEP.c.case_id, STEP.c.path, STEP.c.uses, STEP.c.ended_at, STEP.c.encrypted_outputs)
    for row in reading.rows(select(*columns).where(*wanted, STEP.c.encrypted_outputs.is_not(None))):
        person = person_in(row["path"])
        outputs = open_values(reading.vault, row["encrypted_outputs"], outputs_of(row["id"]))
        element = path_of_person(person) if person else ""
        found.setdefault(row["case_id"], []).append(Telling(row["uses"], element, row["ended_at"], outputs))
    return found


def _ages(reading: Reading, people: set[UUID]) -> Mapping[UUID, tuple[AgeRange, ...]]:
    found: dict[UUID, tuple[AgeRange, ...]] = {}
    for row in reading.rows(select(PERSON.c.id, PERSON.c.encrypted_identity).where(PERSON.c.id.in_(sorted(people)))):
        place: dict[str, Any] = {"table": "person", "row": row["id"], "column": "encrypted_identity"}
        with suppress(KeyMissingError):
            identity = reading.vault.decrypt(row["encrypted_identity"], **place) if row["encrypted_identity"] else {}
            found[row["id"]] = ages_of(identity) if isinstance(identity, dict) else ()
    return found


def _age_group(age: AgeRange | None, on: date) -> str:
    """Return the group in which somebody is whatever their age is within what is known; else that it is not known."""
    if age is None:
        return NOT_KNOWN
    young, old = youngest_on(age, on), oldest_on(age, on)
    return next((name for name, (least, most) in AGES.items() if least <= young and old <= most), NOT_KNOWN)


def _sex(told: Sequence[str | None]) -> str:
    known = next((sex for sex in told if sex), None)
    if known is None:
        return NOT_KNOWN
    return known if known in {"female", "male"} else "other"


def unpublished(reading: Reading, quarters: Sequence[Period], *, zone: str = "Asia/Kolkata") -> tuple[Period, ...]:
    """Return the quarters that had begun after the first case was opened, and have no numbers yet."""
    opened = text('SELECT min(opened_at) FROM "case"')
    first: datetime | None = reading.connection.execute(opened).scalar_one()
    done = {row["period"] for row in reading.rows(text("SELECT DISTINCT period FROM number_sheet"))}
    if first is None:
        return ()
    return tuple(one for one in quarters if one.key not in done and one.bounds(zone)[1] > first)
