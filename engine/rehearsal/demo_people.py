"""The invented people and units of the demo."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.core.viewer import Viewer
from engine.language.roles import Role
from engine.people.duty_store import DutyStore
from engine.people.records import Shift
from engine.people.store import DirectoryStore
from engine.people.viewer import as_viewer

_NAMESPACE = UUID("6d0c0a51-5ad5-4f4e-9a58-2f8f7b8f1c3a")
_PLACES = {
    "IN-AS": ("Guwahati office", ("Anjali", "Bikash", "Chitra", "Deepak", "Esha", "Farid", "Gita", "Hiren", "Indira")),
    "IN-TR": ("Agartala office", ("Jaya", "Kamal", "Lipika", "Manik", "Nandita", "Omar", "Purnima", "Rajib", "Sima")),
}
_PARTNERS = {"IN-ML": ("Partner in Tura", "Balsan"), "BD-G": ("Partner in Sylhet", "Rahima")}
_OFFICE_ROLES = (
    (Role.INTAKE_OFFICER,),
    (Role.CASEWORKER, Role.COUNSELLOR),
    (Role.SUPERVISOR,),
    (Role.CASE_MANAGER, Role.REPATRIATION_COORDINATOR),
    (Role.POLICE_LIAISON, Role.AHTU_OFFICER),
    (Role.LAWYER, Role.FINANCE_OFFICER),
    (Role.MEDICAL_OFFICER, Role.SHELTER_MANAGER),
    (Role.PARTNERSHIP_MANAGER, Role.PRESS_OFFICER, Role.PREVENTION_OFFICER),
    (Role.NODAL_OFFICER, Role.SAFEGUARDING_LEAD, Role.DATA_PROTECTION_OFFICER),
)
_ON_CALL = {"IN-AS": ("Chitra", "Deepak"), "IN-TR": ("Lipika", "Manik"), "IN-ML": ("Balsan",), "BD-G": ("Rahima",)}
_WEEK = timedelta(days=7)
_WEEKS_BEFORE, _WEEKS_AFTER = 26, 52
ADMIN = uuid5(_NAMESPACE, "admin")


class DemoUnit(NamedTuple):
    """A unit of the demo, with who plays each role in it."""

    id: UUID
    jurisdiction: str
    people: dict[str, Viewer]


def add_people(engine: Engine) -> tuple[DemoUnit, ...]:
    """Write the demo's units and people, unless they are there; gives the two offices that keep cases."""
    library = engine.library()
    with engine.transaction() as tx:
        for jurisdiction in (*_PLACES, *_PARTNERS):
            name = _PLACES[jurisdiction][0] if jurisdiction in _PLACES else _PARTNERS[jurisdiction][0]
            tx.of(DirectoryStore).add_organisation(_id("organisation", jurisdiction), name=name)
            tx.of(DirectoryStore).add_unit(
                _id("unit", jurisdiction), organisation_id=_id("organisation", jurisdiction), name=name,
                jurisdiction=jurisdiction, zone=library.calendar(jurisdiction).zone, contact=f"duty desk, {name}",
            )  # fmt: skip
        tx.of(DirectoryStore).make_hub(_id("organisation", "IN-AS"))
        for jurisdiction, (_, names) in _PLACES.items():
            for name, roles in zip(names, _OFFICE_ROLES, strict=True):
                actor = _id(jurisdiction, name)
                tx.of(DirectoryStore).add_actor(actor, name=name, email=f"{name.lower()}@demo.example", demo=True)
                for role in roles:
                    tx.of(DirectoryStore).add_role(actor, unit_id=_id("unit", jurisdiction), role=role.value)
        for jurisdiction, (_, name) in _PARTNERS.items():
            actor = _id(jurisdiction, name)
            tx.of(DirectoryStore).add_actor(actor, name=name, email=f"{name.lower()}@demo.example", demo=True)
            for role in (Role.CASEWORKER, Role.PARTNERSHIP_MANAGER):
                tx.of(DirectoryStore).add_role(actor, unit_id=_id("unit", jurisdiction), role=role.value)
        tx.of(DirectoryStore).add_actor(ADMIN, name="Tomba", email="tomba@demo.example", demo=True)
        tx.of(DirectoryStore).add_role(ADMIN, unit_id=_id("unit", "IN-AS"), role=Role.SYSTEM_ADMINISTRATOR.value)
        tx.commit()
    return tuple(_unit(engine, jurisdiction) for jurisdiction in _PLACES)


def add_rota(engine: Engine) -> None:
    """Put somebody of each unit on call around the clock, by turns of a week: half a year back and a year ahead."""
    now = engine.clock.now()
    first = now.replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday())
    with engine.transaction() as tx:
        for jurisdiction, names in _ON_CALL.items():
            for week in range(-_WEEKS_BEFORE, _WEEKS_AFTER):
                shift = _shift(jurisdiction, names[week % len(names)], first + week * _WEEK)
                tx.of(DutyStore).add_shift(shift, by=None, at=now)
        tx.commit()


def unit_of(jurisdiction: str) -> UUID:
    """Give the id of a unit of the demo, partners included."""
    return _id("unit", jurisdiction)


def person(jurisdiction: str, name: str) -> UUID:
    """Give the id of somebody of the demo."""
    return _id(jurisdiction, name)


def unit_for(engine: Engine, jurisdiction: str) -> DemoUnit:
    """Give the office of a jurisdiction; the Guwahati office for one without an office."""
    return _unit(engine, jurisdiction if jurisdiction in _PLACES else "IN-AS")


def _shift(jurisdiction: str, name: str, starts_at: datetime) -> Shift:
    return Shift(
        id=_id("shift", jurisdiction, starts_at.isoformat()), unit_id=unit_of(jurisdiction),
        actor_id=_id(jurisdiction, name), starts_at=starts_at, ends_at=starts_at + _WEEK,
    )  # fmt: skip


def _unit(engine: Engine, jurisdiction: str) -> DemoUnit:
    people: dict[str, Viewer] = {}
    for name, roles in zip(_PLACES[jurisdiction][1], _OFFICE_ROLES, strict=True):
        viewer = engine.ask_all(as_viewer, _id(jurisdiction, name))
        people |= {role.value: viewer for role in roles}
    return DemoUnit(_id("unit", jurisdiction), jurisdiction, people)


def _id(*parts: str) -> UUID:
    return uuid5(_NAMESPACE, "|".join(parts))
