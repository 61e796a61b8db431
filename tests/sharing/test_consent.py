"""What a consent covers, which law stands in for one, and the parts of a case that people choose from."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.core.access import problem_of
from engine.sharing.records.consent import (
    GROUNDS,
    PACKAGES,
    Consent,
    ConsentError,
    ConsentRecipient,
    GivenBy,
    fields_of,
    is_covered,
    law_of,
    locating,
    parts_within,
    require_covered,
)
from engine.sharing.records.partners import LONGEST, MOST_TRIES, SITTING, PartnerLink

NOW = datetime(2026, 3, 7, 6, 0, tzinfo=UTC)
UNIT, ORGANISATION = UUID(int=1), UUID(int=2)
TO = ConsentRecipient(kind="ngo", unit_id=UNIT, organisation_id=ORGANISATION)


def consent(**changes: Any) -> Consent:
    given: dict[str, Any] = {
        "id": UUID(int=9), "case_id": UUID(int=8), "unit_id": UUID(int=7), "person_id": UUID(int=6),
        "kind": GivenBy.PERSON, "purposes": ("shelter",), "recipients": (f"unit:{UNIT}",),
        "fields": ("person.name", "reporting.triage.*"), "valid_until": NOW + timedelta(days=1), "recorded_at": NOW,
    }  # fmt: skip
    return Consent.model_validate(given | changes)


@pytest.mark.parametrize(
    "recipients", [(f"unit:{UNIT}",), (f"organisation:{ORGANISATION}",), ("kind:ngo",), ("kind:partner_ngo",)]
)
def test_a_recipient_is_named_as_unit_organisation_or_kind_of_body(recipients: tuple[str, ...]) -> None:
    require_covered(consent(recipients=recipients), TO, purpose="shelter", fields=("person.name",), now=NOW)


@pytest.mark.parametrize(("changes", "fields"), [
    ({"kind": GivenBy.ASSENT}, ("person.name",)),
    ({"withdrawn_at": NOW}, ("person.name",)),
    ({"valid_until": NOW}, ("person.name",)),
    ({"purposes": ("media",)}, ("person.name",)),
    ({"recipients": ("kind:police", f"unit:{ORGANISATION}", "kind:")}, ("person.name",)),
    ({}, ("person.name", "person.age")),
    ({}, ("reporting.intake.narrative",)),
    ({}, ("class:health",)),
    ({"fields": ("person.*", "protection.health.*")}, ("class:health",)),
    ({"fields": ("reporting.triage.reason",)}, ("reporting.triage.*",)),
])  # fmt: skip
def test_what_a_consent_does_not_say_it_does_not_allow(changes: Mapping[str, Any], fields: tuple[str, ...]) -> None:
    with pytest.raises(ConsentError):
        require_covered(consent(**changes), TO, purpose="shelter", fields=fields, now=NOW)


def test_a_general_purpose_covers_any_work_that_is_referred() -> None:
    for purpose in ("referral", "sharing_with_partners"):
        require_covered(consent(purposes=(purpose,)), TO, purpose="court", fields=(), now=NOW)


def test_all_of_a_step_covers_each_of_its_fields_and_no_other_step() -> None:
    allowed = ("reporting.triage.*",)
    assert is_covered("reporting.triage.reason", allowed)
    assert is_covered("reporting.triage.*", allowed)
    assert not is_covered("reporting.triagex.reason", allowed)
    assert not is_covered("reporting.*", allowed)


def test_each_ground_names_its_law_and_is_none_where_no_law_is_named() -> None:
    assert {ground.code for ground in GROUNDS} == {"child_report", "court_order", "life_at_risk"}
    for ground in GROUNDS:
        assert "20" in law_of(ground.code, "IN-AS"), "a law has a year"
        assert law_of(ground.code, "TH") == ""
    assert law_of("child_report", "BD")
    assert law_of("life_at_risk", "NP") == ""
    assert law_of("because", "IN") == ""


def test_the_parts_of_a_case_are_named_as_grants_name_fields_and_open_no_class_by_accident() -> None:
    for part in PACKAGES.values():
        assert [problem_of(name) for name in part.fields] == [""] * len(part.fields)
    assert fields_of(("name", "name", "no_personal_data")) == ("person.name", "person.aliases")
    assert parts_within(("person.*",)) == ("name", "contact")
    assert "health_needs" not in parts_within(("protection.health.*", "person.*", "case.*"))


def test_by_a_place_a_way_or_a_shelter_somebody_can_be_found() -> None:
    places = {"reporting.intake.place_last_seen"}
    found = locating(
        ("person.name", "person.address", "class:shelter_address", "reporting.intake.*", "reporting.triage.*",
         "person.*", "reporting.intake.place_last_seen", "reporting.intake.language"), places,
    )  # fmt: skip
    assert found == (
        "person.address", "class:shelter_address", "reporting.intake.*", "person.*", "reporting.intake.place_last_seen",
    )  # fmt: skip


def test_a_link_dies_of_time_of_wrong_codes_and_of_being_opened() -> None:
    link = PartnerLink(
        id=UUID(int=1), referral_id=UUID(int=2), case_id=UUID(int=3), unit_id=UUID(int=4), token_hash=b"t",
        code_hash="h", made_at=NOW, expires_at=NOW + LONGEST,
    )  # fmt: skip
    assert link.takes_code(NOW)
    assert not link.takes_code(NOW + LONGEST)
    tried = link
    for _ in range(MOST_TRIES):
        assert tried.takes_code(NOW)
        tried = tried.missed(NOW)
    assert not tried.takes_code(NOW)
    assert tried.ended_reason == "too_many_codes"
    opened = link.opened(b"s", NOW)
    assert not opened.takes_code(NOW)
    assert opened.is_open_in(b"s", NOW + SITTING - timedelta(seconds=1))
    assert not opened.is_open_in(b"s", NOW + SITTING)
    assert not opened.is_open_in(b"other", NOW)
    assert not opened.ended(NOW, "declined").is_open_in(b"s", NOW)
    assert not link.is_open_in(b"", NOW)
