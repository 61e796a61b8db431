"""A network of three organisations in which people do at random what people do, beside a plain model of who sees what.

The model knows nothing of the engine's rules: it keeps cases, consents, referrals, grants and denials in dictionaries,
and says from them who may see what at this instant. After every act the engine must say the same.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.access.actions.emergency import emergency_access
from engine.access.actions.recusals import answer_lift, end_recusal, recuse
from engine.access.store import AccessStore
from engine.cases.store import CaseStore
from engine.cases.views.lists import cases as cases_view
from engine.core.access import Grant, RecusalReason, Via, of_person
from engine.core.policy import Viewer
from engine.core.records import PersonRole
from engine.course.actions.steer import add_person, identify_person
from engine.errors import IcmcError, NotFoundError
from engine.overview.views.case import case_page
from engine.sharing.actions.consents import GivenConsent, end_expired_consents, record_consent, withdraw_consent
from engine.sharing.actions.referrals import (
    ReferralRequest,
    accept_referral,
    decline_referral,
    offer_referral,
    recall_referral,
)
from engine.sharing.actions.releasing import release_referral
from engine.sharing.records.consent import GivenBy
from engine.work.actions.answers import reveal_person
from tests.kit.world import World

PERSONAS = ("caseworker", "counsellor", "police_liaison", "auditor", "system_administrator")
WHO_SEES_CASES = frozenset(PERSONAS) - {"system_administrator"}
WHO_ANSWERS = WHO_BREAKS = WHO_REVEALS = frozenset({"caseworker", "counsellor", "police_liaison"})
NAMES = ("Sabitri of the other river", "Malati of the near hill")
"""Of the two persons of each case."""
FIELDS = (("person.name",), ("person.age", "case.*"), ("person.*",), ("case.*",))
SIDES = st.integers(0, 2)
ROLES = st.sampled_from(PERSONAS)
PICK = st.integers(0, 10_000)
WHICH = st.integers(0, 1)


@dataclass
class Known:
    """What the model keeps of one case."""

    id: UUID
    number: str
    side: int
    persons: tuple[UUID, UUID]


@dataclass
class Model:
    """Who sees what, in plain dictionaries."""

    cases: list[Known] = field(default_factory=list)
    consents: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    referrals: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    grants: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    denials: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    conflicts: dict[tuple[UUID, tuple[int, str]], UUID] = field(default_factory=dict)

    def is_denied(self, case: Known, side: int, role: str) -> bool:
        """Return whether a denial or a conflict names the persona or its unit."""
        named = [one["whom"] for one in self.denials.values() if one["case"] == case.id and not one["lifted"]]
        return side in named or (side, role) in named or (case.id, (side, role)) in self.conflicts

    def shown(
        self, case: Known, side: int, role: str, now: datetime, *, which: int | None = None
    ) -> tuple[str, ...] | None:
        """Return the fields that the persona is shown: None for all, `("-",)` when it does not see the case at all.

        With `which` those of one of the two persons, by what was granted for them and by nothing else.
        """
        nothing = ("-",)
        if role not in WHO_SEES_CASES or self.is_denied(case, side, role):
            return nothing
        if side == case.side:
            return None
        live = [
            one
            for one in (*self.grants.values(), *self._accepted())
            if one["case"] == case.id and one["to"] in {side, (side, role)} and one["until"] > now and not one["ended"]
        ]
        holding = [one for one in live if which is None or which in one["persons"]]
        return tuple(sorted({name for one in holding for name in one["fields"]})) if live else nothing

    def _accepted(self) -> list[dict[str, Any]]:
        return [
            one | {"until": self.consents[one["consent"]]["until"], "ended": self.consents[one["consent"]]["withdrawn"]}
            for one in self.referrals.values()
            if one["status"] == "accepted"
        ]


class Crossing(RuleBasedStateMachine):
    """Random acts of three organisations, each compared with the model."""

    world: ClassVar[World]
    sides: ClassVar[tuple[tuple[UUID, dict[str, Viewer]], ...]]
    counted: ClassVar[dict[str, int]] = {}

    @initialize()
    def begin(self) -> None:
        """Start with a case in each of two organisations."""
        self.model = Model()
        self.open_case(0)
        self.open_case(1)

    @rule(side=SIDES)
    @precondition(lambda self: len(self.model.cases) < 4)
    def open_case(self, side: int) -> None:
        unit, people = self.sides[side]
        opened = self.world.open(unit_id=unit, viewer=people["intake_officer"])
        engine, worker = self.world.engine, people["caseworker"]
        with engine.transaction() as tx:
            person = tx.of(CaseStore).read(opened.case_id).persons[0].person_id
        identify_person(
            engine, person, case_id=opened.case_id, viewer=worker, command_id=uuid4(), identity={"name": NAMES[0]}
        )
        add_person(
            engine, opened.case_id, viewer=worker, command_id=uuid4(), role=PersonRole.POSSIBLE_VICTIM,
            identity={"name": NAMES[1]},
        )  # fmt: skip
        with engine.transaction() as tx:
            persons = [one.person_id for one in tx.of(CaseStore).read(opened.case_id).persons]
        second = next(one for one in persons if one != person)
        self.model.cases.append(Known(opened.case_id, opened.case_number, side, (person, second)))

    @rule(pick=PICK, which=WHICH, to=SIDES, fields=st.sampled_from(FIELDS), days=st.integers(1, 40))
    def agree(self, pick: int, which: int, to: int, fields: tuple[str, ...], days: int) -> None:
        case, until = self._case(pick), self.now + timedelta(days=days)
        agreed = GivenConsent(
            case.persons[which], GivenBy.GUARDIAN, ("shelter",), (f"unit:{self.sides[to][0]}",), fields, until,
            assent="yes",
        )  # fmt: skip
        consent = record_consent(
            self.world.engine, case.id, viewer=self._own(case, "counsellor"), command_id=uuid4(), agreed=agreed
        ) if self._may(case, "counsellor") else None  # fmt: skip
        if consent:
            self.model.consents[consent] = {
                "case": case, "to": to, "fields": fields, "persons": {which}, "until": until, "withdrawn": False
            }  # fmt: skip

    @rule(pick=PICK, to=SIDES, more=st.booleans())
    @precondition(lambda self: self.model.consents)
    def offer(self, pick: int, to: int, more: bool) -> None:  # noqa: FBT001 - drawn
        consent_id, consent = self._pick(self.model.consents, pick)
        fields = (*consent["fields"], "person.age") if more else consent["fields"]
        wanted = ReferralRequest(
            purpose="shelter", help="safe_place", urgency="high", fields=fields, consent_id=consent_id
        )
        case: Known = consent["case"]
        covered = set(fields) <= set(consent["fields"]) or "person.*" in consent["fields"]
        allowed = (
            to == consent["to"] != case.side and covered and not consent["withdrawn"] and consent["until"] > self.now
        )
        offered = self._try(
            lambda: offer_referral(
                self.world.engine, case.id, viewer=self._own(case, "case_manager"), command_id=uuid4(),
                to_unit_id=self.sides[to][0], wanted=wanted,
            )
        )  # fmt: skip
        assert offered is None or allowed, "something was offered on a consent that does not cover it"
        if offered:
            self.model.referrals[offered] = {
                "case": case.id, "to": to, "fields": fields, "persons": consent["persons"], "consent": consent_id,
                "status": "held" if "person.*" in fields else "offered",
            }  # fmt: skip

    @rule(pick=PICK, again=st.booleans())
    @precondition(lambda self: any(one["status"] == "held" for one in self.model.referrals.values()))
    def release(self, pick: int, again: bool) -> None:  # noqa: FBT001 - drawn
        """What says where somebody is leaves when a second person answers for it too."""
        held = {key: one for key, one in self.model.referrals.items() if one["status"] == "held"}
        referral_id, referral = self._pick(held, pick)
        consent, case = self.model.consents[referral["consent"]], self._of(referral["case"])
        viewer = self._own(case, "case_manager" if again else "supervisor")
        left = self._try(lambda: release_referral(self.world.engine, referral_id, viewer=viewer, command_id=uuid4()))
        allowed = not again and not consent["withdrawn"] and consent["until"] > self.now
        assert bool(left) == allowed, ("release", left, allowed)
        if left:
            referral["status"] = "offered"

    @rule(pick=PICK, side=SIDES, role=ROLES)
    @precondition(lambda self: self.model.referrals)
    def accept(self, pick: int, side: int, role: str) -> None:
        referral_id, referral = self._pick(self.model.referrals, pick)
        consent, case = self.model.consents[referral["consent"]], self._of(referral["case"])
        allowed = (
            referral["status"] == "offered" and side == referral["to"] and role in WHO_ANSWERS
            and not consent["withdrawn"] and consent["until"] > self.now and not self.model.is_denied(case, side, role)
        )  # fmt: skip
        done = self._did(
            lambda: accept_referral(self.world.engine, referral_id, viewer=self._who(side, role), command_id=uuid4())
        )
        assert done == allowed, ("accept", done, allowed, role)
        if done:
            referral["status"] = "accepted"

    @rule(pick=PICK)
    @precondition(lambda self: self.model.referrals)
    def decline(self, pick: int) -> None:
        referral_id, referral = self._pick(self.model.referrals, pick)
        viewer = self._who(referral["to"], "caseworker")
        if self._did(
            lambda: decline_referral(
                self.world.engine, referral_id, viewer=viewer, command_id=uuid4(), reason_code="no_capacity"
            )
        ):
            assert referral["status"] == "offered"
            referral["status"] = "declined"

    @rule(pick=PICK)
    @precondition(lambda self: self.model.referrals)
    def recall(self, pick: int) -> None:
        referral_id, referral = self._pick(self.model.referrals, pick)
        viewer = self._own(self._of(referral["case"]), "case_manager")
        if self._did(lambda: recall_referral(self.world.engine, referral_id, viewer=viewer, command_id=uuid4())):
            referral["status"] = "recalled"

    @rule(pick=PICK)
    @precondition(lambda self: self.model.consents)
    def withdraw(self, pick: int) -> None:
        consent_id, consent = self._pick(self.model.consents, pick)
        case: Known = consent["case"]
        if not consent["withdrawn"] and self._may(case, "counsellor"):
            withdraw_consent(self.world.engine, consent_id, viewer=self._own(case, "counsellor"), command_id=uuid4())
            consent["withdrawn"] = True
            for referral in self.model.referrals.values():
                if referral["consent"] == consent_id and referral["status"] in {"held", "offered", "accepted"}:
                    referral["status"] = "ended"

    @rule(
        pick=PICK, to=SIDES, role=st.none() | ROLES, fields=st.sampled_from(FIELDS), hours=st.integers(1, 900),
        persons=st.sets(WHICH),
    )  # fmt: skip
    def grant(
        self, *, pick: int, to: int, role: str | None, fields: tuple[str, ...], hours: int, persons: set[int]
    ) -> None:
        case, grant_id, until = self._case(pick), uuid4(), self.now + timedelta(hours=hours)
        if to == case.side:
            return
        with self.world.engine.transaction() as tx:
            tx.of(AccessStore).add_grant(
                Grant(
                    id=grant_id, case_id=case.id, unit_id=self.sides[to][0], purpose="consultation", fields=fields,
                    persons=tuple(case.persons[which] for which in sorted(persons)), valid_until=until,
                    granted_at=self.now, actor_id=self._who(to, role).actor_id if role else None,
                )
            )  # fmt: skip
            tx.commit()
        whom = (to, role) if role else to
        self.model.grants[grant_id] = {
            "case": case.id, "to": whom, "fields": fields, "persons": persons, "until": until, "ended": False
        }  # fmt: skip

    @rule(pick=PICK)
    @precondition(lambda self: any("emergency" not in one for one in self.model.grants.values()))
    def end_grant(self, pick: int) -> None:
        by_hand = {key: one for key, one in self.model.grants.items() if "emergency" not in one}
        grant_id, grant = self._pick(by_hand, pick)
        with self.world.engine.transaction() as tx:
            tx.of(AccessStore).end_grant(grant_id, at=self.now, reason="over")
            tx.commit()
        grant["ended"] = True

    @rule(pick=PICK, side=SIDES, role=st.sampled_from(sorted(WHO_BREAKS)), hours=st.integers(1, 4))
    def break_the_emergency(self, pick: int, side: int, role: str, hours: int) -> None:
        case = self._case(pick)
        sees = self.model.shown(case, side, role, self.now) != ("-",)
        emergency_access(
            self.world.engine, viewer=self._who(side, role), command_id=uuid4(), number=case.number,
            reason_code="life_at_risk", words="She stands before us and bleeds.", hours=hours,
        )  # fmt: skip
        if not sees and not self.model.is_denied(case, side, role):
            fields = ("case.*", "person.*", *(f"{key}.*" for key in self.world.engine.registry.step_types))
            until = self.now + timedelta(hours=hours)
            self.model.grants[uuid4()] = {
                "case": case.id, "to": (side, role), "fields": fields, "persons": {0, 1}, "until": until,
                "ended": False, "emergency": True,
            }  # fmt: skip

    @rule(pick=PICK, whom=PICK, whole=st.booleans())
    def deny(self, pick: int, whom: int, whole: bool) -> None:  # noqa: FBT001 - drawn
        """Shut out one who sees the case, or their whole unit."""
        case = self._case(pick)
        side, role = self._one_who_sees(case, whom)
        as_unit = whole and side != case.side
        denial = recuse(
            self.world.engine, case.id, viewer=self._own(case, "case_manager"), command_id=uuid4(),
            reason=RecusalReason.DENIED, reason_code="concern",
            actor_id=None if as_unit else self._who(side, role).actor_id,
            unit_id=self.sides[side][0] if as_unit else None,
        )  # fmt: skip
        named = side if as_unit else (side, role)
        self.model.denials[denial] = {"case": case.id, "whom": named, "lifted": False}

    @rule(pick=PICK)
    @precondition(lambda self: any(not one["lifted"] for one in self.model.denials.values()))
    def lift(self, pick: int) -> None:
        live = {key: one for key, one in self.model.denials.items() if not one["lifted"]}
        denial_id, denial = self._pick(live, pick)
        case, engine = self._of(denial["case"]), self.world.engine
        first, second = self._own(case, "case_manager"), self._own(case, "supervisor")
        request = end_recusal(engine, case.id, denial_id, viewer=first, command_id=uuid4(), reason_code="mistake")
        assert not self._did(
            lambda: answer_lift(engine, case.id, request, viewer=first, command_id=uuid4(), approved=True)
        ), "nobody lifts a denial alone"
        answer_lift(engine, case.id, request, viewer=second, command_id=uuid4(), approved=True)
        denial["lifted"] = True

    @rule(pick=PICK, whom=PICK)
    def conflict(self, pick: int, whom: int) -> None:
        """Note that one who sees the case must not, or that one who must not may again."""
        case = self._case(pick)
        noted = sorted(named for case_id, named in self.model.conflicts if case_id == case.id)
        side, role = noted[0] if noted and whom % 2 else self._one_who_sees(case, whom)
        key, actor = (case.id, (side, role)), self._who(side, role).actor_id
        lead = self._own(case, "case_manager")
        if key in self.model.conflicts:
            ended = self.model.conflicts.pop(key)
            end_recusal(self.world.engine, case.id, ended, viewer=lead, command_id=uuid4())
            return
        with suppress(IcmcError):
            self.model.conflicts[key] = recuse(
                self.world.engine, case.id, viewer=lead, command_id=uuid4(), actor_id=actor,
                reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="relative",
            )  # fmt: skip

    @rule(hours=st.sampled_from((1, 3, 5, 30, 24 * 8, 24 * 21)), looks=st.booleans())
    def time_passes(self, hours: int, looks: bool) -> None:  # noqa: FBT001 - drawn
        self.world.later(hours=hours)
        if looks:
            end_expired_consents(self.world.engine)
            for referral in self.model.referrals.values():
                has_run_out = self.model.consents[referral["consent"]]["until"] <= self.now
                if has_run_out and referral["status"] in {"held", "offered", "accepted"}:
                    referral["status"] = "ended"

    @rule(pick=PICK, which=WHICH, side=SIDES, role=ROLES)
    def reveal(self, pick: int, which: int, side: int, role: str) -> None:
        """Who somebody is leaves a case only by a field of theirs that is shown to whoever asks."""
        case, name, other = self._case(pick), NAMES[which], NAMES[1 - which]
        fields = self.model.shown(case, side, role, self.now, which=which)
        text, refusal = self._revealed(case, case.persons[which], side, role)
        if fields is not None and not any(field.startswith("person.") for field in fields):
            nobody = self._revealed(case, uuid4(), side, role)
            assert refusal is not None, "what is not theirs is not there for them"
            assert (text, type(refusal)) == (nobody[0], type(nobody[1])), "it is answered as nobody at all is"
        named = fields is None or bool({"person.name", "person.*"} & set(fields))
        self._count("revealed", name in text)
        assert other not in text
        assert name not in text or (named and role in WHO_REVEALS)
        assert name in text or not (named and role in WHO_REVEALS), "what was agreed is shown"

    @rule(pick=PICK, side=SIDES, role=ROLES)
    def meddle(self, pick: int, side: int, role: str) -> None:
        """Nobody writes into a case that they do not see."""
        case = self._case(pick)
        sees = self.model.shown(case, side, role, self.now) != ("-",)
        with self.world.engine.transaction() as tx:
            before = tx.of(CaseStore).read(case.id).case.revision
        did = self._did(
            lambda: add_person(
                self.world.engine, case.id, viewer=self._who(side, role), command_id=uuid4(),
                role=PersonRole.WITNESS, identity={"name": "Somebody"},
            )
        )  # fmt: skip
        with self.world.engine.transaction() as tx:
            after = tx.of(CaseStore).read(case.id).case.revision
        assert did == (after != before)
        assert sees or not did

    @invariant()
    def the_lists_show_what_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        known = {case.id: case for case in self.model.cases}
        for side, role in self._personas():
            lines = self.world.engine.ask(cases_view, self._who(side, role), limit=10_000)
            shown = {line.id for line in lines} & set(known)
            wanted = {key for key, case in known.items() if self.model.shown(case, side, role, self.now) != ("-",)}
            self._count("crossed", any(known[key].side != side for key in shown))
            assert shown == wanted, (side, role, len(shown - wanted), len(wanted - shown))

    @rule(pick=PICK)
    def look_closely(self, pick: int) -> None:
        """Each persona asks for the case itself: it is there or it is not, and shows the fields that were agreed."""
        case = self._case(pick)
        for side, role in self._personas():
            viewer, fields = self._who(side, role), self.model.shown(case, side, role, self.now)
            with self.world.engine.transaction() as tx:
                access = tx.of(AccessStore).access_of(viewer, case.id, self.now)
            try:
                page = self.world.engine.ask(case_page, viewer, case.id).model_dump_json()
            except NotFoundError:
                assert fields == ("-",)
                continue
            assert fields != ("-",), (side, role)
            assert not any(name in page for name in NAMES)
            assert (access.via is Via.OWN) == (side == case.side)
            assert fields is None or set(access.fields or ()) == {
                one for one in fields if not one.startswith("person.")
            }
            for which, person in enumerate(case.persons):
                theirs = self.model.shown(case, side, role, self.now, which=which)
                assert theirs is None or set(of_person(access, person).fields or ()) == set(theirs)
                is_shown = theirs is None or any(one.startswith("person.") for one in theirs)
                assert (f'"{person}"' in page) == is_shown, "who is in a case is told of those whom it was agreed for"

    @property
    def now(self) -> datetime:
        """The present."""
        return self.world.clock.now()

    def _one_who_sees(self, case: Known, pick: int) -> tuple[int, str]:
        """Choose among those who see a case, those of other units first; anybody when nobody does."""
        seeing = [one for one in self._personas() if self.model.shown(case, *one, self.now) != ("-",)]
        strangers = [one for one in seeing if one[0] != case.side]
        among = (strangers if pick % 3 else seeing) or seeing or self._personas()
        return among[pick % len(among)]

    def _personas(self) -> list[tuple[int, str]]:
        return [(side, role) for side in range(3) for role in PERSONAS]

    def _who(self, side: int, role: str) -> Viewer:
        return self.sides[side][1][role]

    def _own(self, case: Known, role: str) -> Viewer:
        return self._who(case.side, role)

    def _may(self, case: Known, role: str) -> bool:
        return not self.model.is_denied(case, case.side, role)

    def _case(self, pick: int) -> Known:
        return self.model.cases[pick % len(self.model.cases)]

    def _of(self, case_id: UUID) -> Known:
        return next(case for case in self.model.cases if case.id == case_id)

    def _pick(self, among: dict[UUID, dict[str, Any]], pick: int) -> tuple[UUID, dict[str, Any]]:
        return list(among.items())[pick % len(among)]

    def _revealed(self, case: Known, person: UUID, side: int, role: str) -> tuple[str, IcmcError | None]:
        """Ask who somebody is; give what was said, and the refusal."""
        try:
            shown = reveal_person(self.world.engine, person, case_id=case.id, viewer=self._who(side, role))
        except IcmcError as error:
            return str(error), error
        return shown.model_dump_json(), None

    def _try(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except IcmcError:
            return None

    def _did(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except IcmcError:
            return False
        return True

    def _count(self, what: str, happened: object) -> None:
        self.counted[what] = self.counted.get(what, 0) + bool(happened)
