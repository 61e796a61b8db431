"""Cases as HTCDS 2.0, the Human Trafficking Case Data Standard of IOM (CC BY 4.0): written for a copy, and read back.

Only coded fields go out: no name, no date of birth, no free text. Sex, age and means of control go out from who may
reveal answers. What the standard has no field or code for stands under a name with `x_`, so that nothing is lost
silently.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, Field, JsonValue, ValidationError

from engine.builtin import REPORT
from engine.cases.store import CONCERN
from engine.core.law.told import OLDEST, AgeRange, Telling, facts_of_age
from engine.core.records import TELLS, PersonRole, RoleStatus
from engine.core.retention import CopyMark
from engine.imports.records import MOST_ROWS, BadCell, OldCase, Read
from engine.plugin.kinds import NOT_KNOWN, FieldKind
from engine.plugin.steps import StepType
from engine.retention.records import SheetView

_EXPLOITATION: Final[Mapping[str, str]] = {
    "forced_labour": "ForcedLabour", "bonded_labour": "ForcedLabour", "child_labour": "ChildLabour",
    "sexual_exploitation": "SexualExploitation", "online_abuse": "SexualExploitation", "domestic_work": "Servitude",
    "early_marriage": "ForcedMarriage", "organ_removal": "OrganRemoval", "child_sale": "ForcedAdoption",
    "other": "Other",
}  # fmt: skip
"""The code of vic_TypeOfExploitation of what a case is about; the first one of a code is what the code is read as."""
_CONTROL: Final[Mapping[str, str]] = {
    "physical_threats": "PhysicalThreats", "threats_of_police": "ThreatsLawEnforcement",
    "threats_to_family": "ThreatensChildrenFamily", "debt_bondage": "DebtBondage", "false_promises": "FalsePromises",
    "physical_abuse": "PhysicalAbuse", "sexual_abuse": "SexualAbuse", "takes_earnings": "TakesEarnings",
    "restricts_money": "RestrictsFinancialAccess", "restricts_medical_care": "RestrictsMedicalCare",
    "withholds_necessities": "WithholdsNecessities", "psychological_abuse": "PsychologicalAbuse",
    "drugs_or_alcohol": "PsychoactiveSubstance", "excessive_hours": "ExcessiveWorkingHours",
    "withholds_papers": "WithholdsDocuments", "other": "Other", "threat": "PhysicalThreats", "force": "PhysicalAbuse",
    "deception": "FalsePromises", "fraud": "FalsePromises",
}  # fmt: skip
"""The code of vic_MethodsOfControl of an answer, in the same way; an answer that is not here is `Other`."""
_NO_MEANS: Final = frozenset({"none", "none_seen", "unknown", NOT_KNOWN})
_SEX: Final = {"female": "Feminine", "male": "Masculine"}
_GENDER: Final = {
    "Feminine": "female", "Masculine": "male", "TransgenderFeminine": "transgender",
    "TransgenderMasculine": "transgender", "NonConforming": "other",
}  # fmt: skip
_CODE: Final = r"^[a-z][a-z_]{0,40}\z"
_NUMBER: Final = re.compile(r"C-[0-9A-Z]{4}-[0-9A-Z]{4}")
_POSSIBLE, _ACTUAL, _NONE = "PossibleVictimOfTrafficking", "ActualVictimOfTrafficking", "NotAVictimOfTrafficking"
_STATUS: Final = {"open": "Active", "closed": "Closed"}
_TOLD: Final = "Taken over from data of another hub (HTCDS 2.0)."
_NOON: Final = time(12)
_UNSURE: Final = ("unsure", "unknown", NOT_KNOWN, "not_asked")


class _Victim(BaseModel):
    status: str = Field(_POSSIBLE, alias="vic_TraffickingStatus")
    exploitation: list[str] = Field([], alias="vic_TypeOfExploitation")
    how_sure: RoleStatus = Field(RoleStatus.STATED, alias="x_RoleStatus")
    first_name: str = Field("", alias="prs_FirstName", max_length=200)
    middle_name: str = Field("", alias="prs_MiddleName", max_length=200)
    second_name: str = Field("", alias="prs_SecondName", max_length=200)
    born_on: date | None = Field(None, alias="prs_Birthdate")
    gender: str = Field("", alias="prs_Gender")
    sex: Literal["", "female", "male", "transgender", "other"] = Field("", alias="x_Sex")
    aged: AgeRange | None = Field(None, alias="x_Age")
    control: list[str] = Field([], alias="vic_MethodsOfControl")
    means: list[Annotated[str, Field(pattern=_CODE)]] = Field([], alias="x_MethodsOfControl")

    def identity(self, today: date) -> dict[str, JsonValue]:
        """Return the name and the age (in completed years, today) that are told; another system may tell them."""
        name = " ".join(part for part in (self.first_name, self.middle_name, self.second_name) if part)
        age = self.age(today)
        return ({"name": name} if name else {}) | ({"ages": [age.model_dump(mode="json")]} if age else {})

    def age(self, today: date) -> AgeRange | None:
        """Return the age that is told, or that of the birth date today, in completed years."""
        born = self.born_on
        if self.aged or born is None:
            return self.aged
        years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        return AgeRange(youngest=years, oldest=years, as_of=today) if 0 <= years <= OLDEST else None

    def tellings(self, path: str, today: date) -> list[Telling]:
        """Return sex, age and means of control as a step tells them, of somebody with this path."""
        age = self.age(today)
        means = self.means or [next((one for one, code in _CONTROL.items() if code == had), "") for had in self.control]
        found = {"sex": self.sex or _GENDER.get(self.gender, ""), "means": ",".join(filter(None, means))}
        told = found | (facts_of_age(age) if age else {})
        outputs = {f"{TELLS}{name}": value for name, value in told.items() if value}
        day = (age and age.as_of) or today
        return [Telling(REPORT, path, datetime.combine(day, _NOON, UTC), outputs)] if outputs else []


class _Case(BaseModel):
    number: str = Field("", alias="x_CaseNumber", max_length=40)
    opened_at: AwareDatetime | None = Field(None, alias="x_OpenedAt")
    referred_on: date | None = Field(None, alias="cas_IncomingReferralDate")
    status: str = Field(alias="cas_Status")
    country: str = Field("", alias="hte_Country")
    state: str = Field("", alias="hte_State")
    about: str = Field("", alias="x_TypeOfExploitation")
    persons: list[_Victim] = []


def as_htcds(sheet: SheetView, mark: CopyMark) -> bytes:
    """Write the lines of a copy as HTCDS 2.0 in JSON, with the mark of the copy on top."""
    cases = [_written(line) for line in sheet.lines]
    made = {"standard": "HTCDS", "version": "2.0", "x_Copy": mark.sentence, "cases": cases}
    return json.dumps(made, ensure_ascii=False, indent=1).encode()


def read_htcds(text: str, step_type: StepType, *, now: datetime, jurisdiction: str) -> Read:
    """Read cases out of HTCDS 2.0, of another installation or another system; the row of a problem is that of its case.

    A case without our number gets one; without the day it was opened, it began when it was referred to whoever wrote
    the file, or begins now. Fields that are not named here are not taken over.
    """
    try:
        given = json.loads(text)
        cases = given["cases"] if given["standard"] == "HTCDS" and str(given["version"]).startswith("2") else None
    except (ValueError, TypeError, KeyError):
        cases = None
    if not isinstance(cases, list) or not 0 < len(cases) <= MOST_ROWS:
        return Read([], [BadCell(row=0, column="", words=f"This is no HTCDS 2.0 file with 1 to {MOST_ROWS} cases.")])
    found: list[OldCase] = []
    problems: list[BadCell] = []
    seen: dict[str, int] = {}
    for row, one in enumerate(cases, start=1):
        try:
            case = _Case.model_validate(one)
        except ValidationError as error:
            problems += (
                BadCell(row=row, column=".".join(map(str, detail["loc"])), words="This is missing or does not fit.")
                for detail in error.errors(include_input=False, include_url=False)
            )
            continue
        wrong = list(_problems(case, row, now=now, jurisdiction=jurisdiction, seen=seen))
        problems += wrong
        if not wrong:
            found.append(_old_case(case, row, step_type, now))
    return Read(found, problems)


def _written(line: Sequence[Any]) -> dict[str, Any]:
    number, status, opened_at, place, concern, victims = line
    country, _, state = place.partition("-")
    codes = [_EXPLOITATION.get(concern, "Other")] if concern else []
    return {
        "x_CaseNumber": number, "x_OpenedAt": opened_at.astimezone(UTC).isoformat(), "cas_Status": _STATUS[status],
        "hte_Country": country, "hte_State": state, "x_TypeOfExploitation": concern,
        "persons": [
            {"vic_TraffickingStatus": _certainty(one["role"], one["status"]), "vic_TypeOfExploitation": codes,
             "x_RoleStatus": one["status"]} | _person(one)
            for one in json.loads(victims)
        ],
    }  # fmt: skip


def _person(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return sex, age and means of control, as far as they are known to who makes the copy."""
    sex, age = known.get("sex"), known.get("age")
    means = [one for one in known.get("means", ()) if one not in _NO_MEANS]
    found: dict[str, Any] = {"prs_Gender": _SEX.get(sex, "NonSpecifiedUnknown"), "x_Sex": sex} if sex else {}
    if age:
        found["x_Age"] = age
    if means:
        codes = sorted({_CONTROL.get(one, "Other") for one in means})
        found |= {"vic_MethodsOfControl": codes, "x_MethodsOfControl": means}
    return found


def _certainty(role: str, status: str) -> str:
    if status == RoleStatus.DISPROVED:
        return _NONE
    return _ACTUAL if role == PersonRole.VICTIM else _POSSIBLE


def _problems(case: _Case, row: int, *, now: datetime, jurisdiction: str, seen: dict[str, int]) -> Iterator[BadCell]:
    place = "-".join(part for part in (case.country, case.state) if part)
    if case.status not in {"Active", "FollowUp", "Closed", "ClosedReferred"}:
        yield BadCell(row=row, column="cas_Status", words="HTCDS 2.0 has no such status.")
    if place and place != jurisdiction:
        words = f"This case is of {place}, and the unit is of {jurisdiction}: take it over there."
        yield BadCell(row=row, column="hte_State", words=words)
    if case.opened_at is not None and case.opened_at > now:
        yield BadCell(row=row, column="x_OpenedAt", words="This day has not come yet.")
    for number, one in enumerate(case.persons):
        if one.aged and one.aged.as_of and one.aged.as_of > now.date() + timedelta(days=1):
            yield BadCell(row=row, column=f"persons.{number}.x_Age", words="This day has not come yet.")
    if case.referred_on is not None and case.referred_on > now.date() + timedelta(days=1):
        yield BadCell(row=row, column="cas_IncomingReferralDate", words="This day has not come yet.")
    if not case.number:
        return
    if case.number in seen:
        words = f"This number is that of case {seen[case.number]} of the file."
        yield BadCell(row=row, column="x_CaseNumber", words=words)
    if not _NUMBER.fullmatch(case.number):
        yield BadCell(row=row, column="x_CaseNumber", words="This is not written as case numbers are.")
    seen.setdefault(case.number, row)


def _old_case(case: _Case, row: int, step_type: StepType, now: datetime) -> OldCase:
    roles = tuple(
        (
            PersonRole.POSSIBLE_VICTIM if one.status == _POSSIBLE else PersonRole.VICTIM,
            RoleStatus.DISPROVED if one.status == _NONE else one.how_sure,
            one.identity(now.date()),
            partial(one.tellings, today=now.date()),
        )
        for one in case.persons
    )
    referred = None if case.referred_on is None else datetime.combine(case.referred_on, time(), UTC)
    opened_at = case.opened_at or (min(referred, now) if referred else None)
    return OldCase(
        row, _answers(step_type, _concern(case, step_type)), opened_at and opened_at.astimezone(UTC), {},
        number=case.number, roles=roles, is_closed=case.status.startswith("Closed"),
    )  # fmt: skip


def _concern(case: _Case, step_type: StepType) -> str:
    known = next((spec.choices for spec in step_type.fields if spec.name == CONCERN), {})
    if case.about in known:
        return case.about
    codes = [code for one in case.persons for code in one.exploitation]
    return next((about for about, code in _EXPLOITATION.items() if code in codes and about in known), "other")


def _answers(step_type: StepType, concern: str) -> dict[str, JsonValue]:
    """Answer what a report must have: what the case is about, and of everything else that it is not known."""
    answers: dict[str, JsonValue] = {}
    for spec in step_type.fields:
        if not spec.first_bite or not spec.required:
            continue
        if spec.kind is FieldKind.BOOL:
            answers[spec.name] = NOT_KNOWN
        elif spec.kind is FieldKind.CHOICE:
            unsure = next((one for one in _UNSURE if one in spec.choices), next(iter(spec.choices)))
            answers[spec.name] = concern if spec.name == CONCERN else unsure
        else:
            answers[spec.name] = _TOLD
    return answers
