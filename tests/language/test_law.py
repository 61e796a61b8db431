"""Tests of law packs: what a limit counts, and what it may be called."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from engine.language.law import Force, LawLimit, LawPack, Measure, Signature, find_limit, is_quotable, law_term
from engine.language.limits import Counting, TimeLimit

FILES = sorted((Path(__file__).parents[2] / "workflows" / "law").glob("*.yaml"))
TODAY = date(2026, 5, 1)
SIGNED = {"name": "A. Lawyer", "on": date(2026, 4, 1), "source_read": "Gazette copy"}


def made(**more: Any) -> LawLimit:
    plain = {
        "id": "XX-TEST",
        "jurisdiction": "IN",
        "what": "Do it",
        "trigger": "it happens",
        "limit": "PT24H",
        "counting": "elapsed",
        "duty": "police",
        "source": "Act s.1",
        "basis": "read",
        "confidence": "high",
        "if_missed": "Write.",
    }
    return LawLimit.model_validate(plain | more)


@pytest.fixture(scope="module")
def packs() -> list[LawPack]:
    yaml = YAML(typ="safe", pure=True)
    return [LawPack.model_validate(yaml.load(path.read_text("utf-8"))) for path in FILES]


def test_an_unsigned_limit_is_never_called_law() -> None:
    assert law_term(made(), on=TODAY) == "network target, based on Act s.1"
    assert not is_quotable(made(), on=TODAY)


def test_a_signed_limit_is_a_legal_deadline() -> None:
    assert law_term(made(signature=SIGNED), on=TODAY) == "legal deadline, Act s.1"
    assert is_quotable(made(signature=SIGNED), on=TODAY)


@pytest.mark.parametrize(("more", "term"), [
    ({"force": "advisory"}, "advisory limit, Act s.1"),
    ({"advisory_in": ["IN-NL"]}, "advisory limit, Act s.1"),
    ({"in_force_from": date(2026, 5, 2)}, "network target, based on Act s.1"),
    ({"in_force_until": date(2026, 4, 30)}, "network target, based on Act s.1"),
    ({"in_force_from": date(2026, 5, 1), "in_force_until": date(2026, 5, 1)}, "legal deadline, Act s.1"),
    ({"limit": "PT0H"}, "network target, based on Act s.1"),
])  # fmt: skip
def test_a_signature_alone_does_not_make_a_legal_deadline(more: dict[str, object], term: str) -> None:
    signed = made(signature=SIGNED, **more)
    assert law_term(signed, on=TODAY, jurisdiction="IN-NL") == term
    assert is_quotable(signed, on=TODAY, jurisdiction="IN-NL") is term.startswith("legal")


def test_force_differs_by_jurisdiction() -> None:
    limit = made(advisory_in=["IN-NL"])
    assert limit.force_in("IN-NL") is Force.ADVISORY
    assert limit.force_in("IN-AS") is Force.BINDING


@pytest.mark.parametrize(("more", "counted", "is_watched"), [
    ({}, "PT24H", False),
    ({"limit": "PT0H"}, "PT24H", True),
    ({"limit": "PT0H", "watch": "PT6H"}, "PT6H", True),
    ({"limit": None, "measure": "no_number", "watch": "P90D"}, "P90D", True),
    ({"limit": None, "measure": "standing", "counting": None}, None, False),
    ({"limit": "P1M", "measure": "recurring", "counting": "calendar"}, "P1M", False),
])  # fmt: skip
def test_what_is_counted_is_the_limit_or_what_we_watch(
    more: dict[str, object], counted: str | None, *, is_watched: bool
) -> None:
    limit = made(**more)
    assert limit.counted_limit == (TimeLimit(counted) if counted else None)
    assert limit.is_watched is is_watched


def test_another_length_is_chosen_by_name_and_the_usual_one_counts_where_there_is_no_such_name() -> None:
    limit = made(alternatives=[{"option": "long", "limit": "P2D", "when": "it is far"}])
    assert limit.limit_for() == TimeLimit("PT24H")
    assert limit.limit_for("long") == TimeLimit("P2D")
    assert limit.limit_for("short") == TimeLimit("PT24H")


def test_another_length_applies_by_itself_for_a_section_that_is_told() -> None:
    grave = {"option": "long", "limit": "P2D", "when": "it is grave", "sections": ["A4", "A5"]}
    limit = made(alternatives=[grave, {"option": "short", "limit": "PT2H", "when": "it is small"}])
    assert limit.limit_for(sections={"A1", "A5"}) == TimeLimit("P2D")
    assert limit.limit_for(sections={"A1"}) == limit.limit_for() == TimeLimit("PT24H")
    assert limit.limit_for("short", sections={"A5"}) == TimeLimit("PT2H"), "what a workflow names goes first"


def test_the_text_of_one_state_may_stand_beside_that_of_the_country_which_goes_first_where_nobody_says_where() -> None:
    country, state = made(), made(jurisdiction="XX-A", source="State")
    pack = LawPack(name="xx", title="Test", limits=(state, country))
    assert pack.find("XX-TEST", on=TODAY) == country
    with pytest.raises(ValidationError, match="twice"):
        LawPack(name="xx", title="Test", limits=(country, state, state))


@pytest.mark.parametrize("wrong", [
    {"limit": None},
    {"measure": "standing"},
    {"counting": "calendar"},
    {"counting": None},
    {"limit": "P5WD"},
    {"in_force_from": date(2026, 1, 2), "in_force_until": date(2026, 1, 1)},
    {"id": "not an id"},
    {"basis": "heard"},
    {"signature": {"name": "A. Lawyer", "on": TODAY}},
    {"signed": True},
])  # fmt: skip
def test_a_limit_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        made(**wrong)


def test_a_limit_may_stand_twice_for_different_days_only() -> None:
    old, new = made(in_force_until=date(2025, 12, 31)), made(limit="PT12H", in_force_from=date(2026, 1, 1))
    pack = LawPack(name="xx", title="Test", limits=(new, old))
    assert pack.find("XX-TEST", on=date(2025, 6, 1)) == old
    assert pack.find("XX-TEST", on=TODAY) == new
    assert pack.find("XX-OTHER", on=TODAY) is None
    with pytest.raises(ValidationError, match="twice"):
        LawPack(name="xx", title="Test", limits=(new, made()))


def test_outside_every_period_the_nearest_version_is_only_a_target() -> None:
    later = made(in_force_from=date(2027, 5, 13), signature=SIGNED)
    pack = LawPack(name="xx", title="Test", limits=(later,))
    assert pack.find("XX-TEST", on=TODAY) == later
    assert law_term(later, on=TODAY).startswith("network target")


def test_the_shipped_packs_hold_their_rules_and_none_is_signed(packs: list[LawPack]) -> None:
    limits = [limit for pack in packs for limit in pack.limits]
    assert len({limit.id for limit in limits}) == 75
    assert all(limit.signature is None for limit in limits)
    assert not any(is_quotable(limit, on=TODAY) for limit in limits)


def test_each_file_is_named_after_its_pack_and_holds_its_own_jurisdiction(packs: list[LawPack]) -> None:
    for path, pack in zip(FILES, packs, strict=True):
        assert pack.name == path.stem
        assert {limit.id.partition("-")[0].lower() for limit in pack.limits} == {pack.name}


@pytest.mark.parametrize(("limit_id", "counted", "counting", "excludes"), [
    ("IN-JJ-PROD-24H", "PT24H", Counting.ELAPSED, ("journey",)),
    ("IN-FIR-REG", "PT24H", Counting.ELAPSED, ()),
    ("IN-MISS-RISK", "PT24H", Counting.ELAPSED, ()),
    ("IN-POCSO-TELL", "PT24H", Counting.ELAPSED, ()),
    ("IN-JJ-SIR-15D", "P15D", Counting.ELAPSED, ()),
    ("IN-JJ-ORDER-4M", "P4M", Counting.CALENDAR, ()),
    ("IN-COMP-LIMIT", "P3Y", Counting.CALENDAR, ()),
    ("IN-WPS-TAR", "P5WD", Counting.WORKING_DAYS, ()),
    ("IN-DEFAULT-BAIL", "P60D", Counting.ELAPSED, ()),
    ("BD-TRIAL-180WD", "P180WD", Counting.WORKING_DAYS, ()),
    ("IN-BL-REHAB", "P90D", Counting.ELAPSED, ()),
])  # fmt: skip
def test_a_shipped_limit_counts_as_its_source_says(
    packs: list[LawPack], limit_id: str, counted: str, counting: Counting, excludes: tuple[str, ...]
) -> None:
    limit = find_limit(packs, limit_id, on=TODAY)
    assert (limit.counted_limit, limit.counting, limit.excludes) == (TimeLimit(counted), counting, excludes)


def test_the_procedure_code_is_only_advisory_in_nagaland(packs: list[LawPack]) -> None:
    update = find_limit(packs, "IN-VICTIM-90D", on=TODAY)
    report = find_limit(packs, "IN-WPS-TAR", on=TODAY)
    assert update.force_in("IN-NL") is Force.ADVISORY
    assert update.force_in("IN-TR") is Force.BINDING
    assert report.force_in("IN-NL") is Force.BINDING


def test_a_platform_had_more_time_before_the_rules_changed(packs: list[LawPack]) -> None:
    lengths = {}
    for day in (date(2026, 2, 19), date(2026, 2, 20)):
        limit = find_limit(packs, "IN-TAKEDOWN", on=day)
        lengths[day.day] = (str(limit.limit_for()), str(limit.limit_for("intimate_images")))
    assert lengths == {19: ("PT36H", "PT24H"), 20: ("PT3H", "PT2H")}


def test_rules_without_a_time_are_kept_but_count_nothing(packs: list[LawPack]) -> None:
    timeless = {limit.id: limit.measure for pack in packs for limit in pack.limits if limit.counted_limit is None}
    assert timeless == {
        "IN-WOMAN-OFFICER": Measure.WITH_THE_STEP,
        "IN-COMP-INTERIM": Measure.AMOUNT,
        "IN-LABEL-ID": Measure.STANDING,
        "NP-REPORTER-ANON": Measure.STANDING,
        "NP-COMP-HALF": Measure.AMOUNT,
        "INT-RETURN": Measure.NO_NUMBER,
        "BD-REPORTER-SECRET": Measure.STANDING,
        "BD-ID-SECRET": Measure.STANDING,
        "BD-RETURN": Measure.NO_NUMBER,
        "NP-RESCUE": Measure.NO_NUMBER,
        "NP-REHAB": Measure.NO_NUMBER,
        "NP-FUND": Measure.AMOUNT,
        "NP-CLOSED-HEARING": Measure.STANDING,
        "MM-RETURN-IN": Measure.NO_NUMBER,
        "MM-RETURN-TH": Measure.NO_NUMBER,
    }


def test_what_was_not_verified_says_so_where_the_limit_stands(packs: list[LawPack]) -> None:
    doubted = [one for pack in packs for one in pack.limits if one.id[:3] in {"BD-", "NP-", "MM-"} and one.note == ""]
    assert {one.id for one in doubted} <= {"NP-STATEMENT", "NP-REPORTER-ANON", "NP-COMP-HALF"}, "these were read"


def test_an_unknown_limit_is_in_no_pack(packs: list[LawPack]) -> None:
    assert find_limit(packs, "IN-NOTHING", on=TODAY) is None


def test_two_codes_may_stand_beside_each_other_for_offences_of_different_days() -> None:
    old, new = made(applies={"offence_until": "2024-06-30"}), made(applies={"offence_from": "2024-07-01"})
    pack = LawPack(name="xx", title="Test", limits=(old, new))
    assert pack.find("XX-TEST", on=TODAY) == new
    with pytest.raises(ValidationError, match="twice"):
        LawPack(name="xx", title="Test", limits=(new, made(applies={"offence_from": "2024-01-01"})))


@pytest.mark.parametrize(("pack", "problem"), [
    ({"limits": [made(advisory_in=["hills"])]}, "hills is neither a State nor an area"),
    ({"limits": [made()], "notified": [{"in": "hills", "from": TODAY, "source": "G"}]}, "hills is neither"),
])  # fmt: skip
def test_a_place_that_nobody_knows_is_refused(pack: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        LawPack.model_validate({"law": "xx", "title": "Test", **pack})


@pytest.mark.parametrize("wrong", [
    {"offence_from": "2024-07-01", "offence_until": "2024-06-30"},
    {"age_from": 18, "age_under": 18},
    {"age_under": 0},
    {"sex": ["F"]},
    {"colour": "red"},
])  # fmt: skip
def test_conditions_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        made(applies=wrong)


@pytest.mark.parametrize("changed", [
    {"limit": "PT48H"},
    {"source": "Act s.2"},
    {"applies": {"age_under": 18}},
    {"advisory_in": ["IN-NL"]},
    {"note": "Read again."},
    {"in_force_from": date(2026, 1, 1)},
])  # fmt: skip
def test_a_signature_stands_under_one_text_only(changed: dict[str, object]) -> None:
    assert made(signature=SIGNED).text_hash == made().text_hash
    assert made(**changed).text_hash != made().text_hash


def test_the_places_in_which_it_guides_belong_to_the_text_that_is_signed() -> None:
    area = {"title": "Hills", "states": ["IN-ML"], "districts": ["a"], "source": "S", "confidence": "high"}
    limits = [made(advisory_in=["hills"])]
    hashes = set()
    for more in (
        {},
        {"notified": [{"in": "hills", "from": TODAY, "source": "G"}]},
        {"areas": {"hills": area | {"districts": ["b"]}}},
    ):
        pack = LawPack.model_validate({"law": "xx", "title": "T", "limits": limits, "areas": {"hills": area}, **more})
        (found,) = pack.by_id["XX-TEST"]
        hashes.add(found.text_hash)
    assert len(hashes) == 3


def test_a_pack_takes_only_signatures_under_its_present_text() -> None:
    limit = made(signature=SIGNED)
    pack = LawPack(name="xx", title="Test", limits=(limit,))
    unsigned = pack.with_signatures({"another": Signature.model_validate(SIGNED)})
    signed = pack.with_signatures({limit.text_hash: Signature.model_validate(SIGNED)})
    assert law_term(unsigned.by_id["XX-TEST"][0], on=TODAY).startswith("network target")
    assert law_term(signed.by_id["XX-TEST"][0], on=TODAY).startswith("legal deadline")
