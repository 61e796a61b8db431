"""Tests of whether a limit of the law applies: offence, age, sex, place; and what counts while something is unknown."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.core.law.applicability import ReasonSubject, choose, judge, place_reasons
from engine.core.law.told import NOTHING, AgeRange, AgeSource, LawFacts, Telling, age_of_band, gathered
from engine.core.library import Library
from engine.language.conditions.values import Truth
from engine.language.law import Force, LawLimit, LawPack, Signature, law_term
from engine.language.library import load_definitions
from engine.machine import data_folder

ON = date(2026, 3, 10)
ZONE = "Asia/Kolkata"


def made(**more: Any) -> LawLimit:
    plain = {
        "id": "XX-TEST", "jurisdiction": "IN", "what": "Do it", "trigger": "it happens", "limit": "PT24H",
        "counting": "elapsed", "duty": "police", "source": "New Act s.1", "basis": "read", "confidence": "high",
        "if_missed": "Write.",
    }  # fmt: skip
    return LawLimit.model_validate(plain | more)


def aged(youngest: int, oldest: int | None = None, as_of: date | None = ON) -> AgeRange:
    return AgeRange(youngest=youngest, oldest=youngest if oldest is None else oldest, as_of=as_of)


NEW = made(applies={"offence_from": "2024-07-01"})
OLD = made(source="Old Act s.2", applies={"offence_until": "2024-06-30"})
CHILD = made(applies={"age_under": 18})
CHILD_THEN = made(applies={"age_under": 18, "age_on": "offence"})
WOMEN = made(applies={"sex": ["female"]})


@pytest.mark.parametrize(("limit", "told", "truth", "missing"), [
    (made(), NOTHING, Truth.TRUE, ()),
    (NEW, LawFacts(offence_on=date(2024, 7, 1)), Truth.TRUE, ()),
    (NEW, LawFacts(offence_on=date(2024, 6, 30)), Truth.FALSE, ()),
    (NEW, NOTHING, Truth.UNKNOWN, ("the day of the offence",)),
    (OLD, LawFacts(offence_on=date(2024, 6, 30)), Truth.TRUE, ()),
    (OLD, LawFacts(offence_on=date(2024, 7, 1)), Truth.FALSE, ()),
    (CHILD, LawFacts(ages=(aged(17),)), Truth.TRUE, ()),
    (CHILD, LawFacts(ages=(aged(18),)), Truth.FALSE, ()),
    (CHILD, LawFacts(ages=(aged(12, 17),)), Truth.TRUE, ()),
    (CHILD, LawFacts(ages=(aged(16, 20),)), Truth.UNKNOWN, ("the age of the person",)),
    (CHILD, NOTHING, Truth.UNKNOWN, ("the age of the person",)),
    (CHILD, LawFacts(ages=(aged(40), aged(9))), Truth.TRUE, ()),
    (CHILD, LawFacts(ages=(aged(40), None)), Truth.UNKNOWN, ("the age of the person",)),
    (CHILD, LawFacts(ages=(aged(40), aged(18))), Truth.FALSE, ()),
    (CHILD, LawFacts(ages=(aged(17, as_of=date(2025, 3, 10)),)), Truth.FALSE, ()),
    (CHILD_THEN, LawFacts(offence_on=date(2024, 3, 10), ages=(aged(19),)), Truth.TRUE, ()),
    (CHILD_THEN, LawFacts(offence_on=date(2025, 12, 1), ages=(aged(24),)), Truth.FALSE, ()),
    (CHILD_THEN, LawFacts(ages=(aged(19),)), Truth.UNKNOWN, ("the day of the offence",)),
    (WOMEN, LawFacts(sexes=("female",)), Truth.TRUE, ()),
    (WOMEN, LawFacts(sexes=("male",)), Truth.FALSE, ()),
    (WOMEN, LawFacts(sexes=("male", "female")), Truth.TRUE, ()),
    (WOMEN, LawFacts(sexes=("male", None)), Truth.UNKNOWN, ("the sex of the person",)),
])  # fmt: skip
def test_a_limit_applies_as_far_as_it_is_known(
    limit: LawLimit, told: LawFacts, truth: Truth, missing: tuple[str, ...]
) -> None:
    judged = judge(limit, told, on=ON)
    assert (judged.truth, judged.missing) == (truth, missing)
    assert judged.is_used is (truth is not Truth.FALSE)


def test_what_does_not_apply_says_why_with_what_was_told() -> None:
    limit = made(applies={"age_under": 18, "why": "Of age is of age."})
    assert judge(limit, LawFacts(ages=(aged(24),)), on=ON).why_not == (
        "It is for persons under 18 on that day; as far as is known, the person was 24 then. Of age is of age."
    )
    assert judge(NEW, LawFacts(offence_on=date(2024, 6, 30)), on=ON).why_not == (
        "It is for offences on or after 01 July 2024; the offence was on 30 June 2024."
    )


def test_what_is_unknown_is_said_and_the_limit_counts_until_then() -> None:
    (line,) = judge(WOMEN, NOTHING, on=ON).reasons
    assert line.ground is ReasonSubject.SEX
    assert line.text.endswith("The sex is not known: until it is, the limit counts.")


def test_days_in_force_are_told_but_never_rule_a_limit_out() -> None:
    limit = made(in_force_from="2027-05-13", signature={"name": "A", "on": "2026-01-01", "source_read": "G"})
    judged = judge(limit, on=ON)
    assert judged.is_used
    assert judged.reasons[0].text.startswith("Not in force before 13 May 2027")
    over = judge(made(in_force_until="2026-02-19"), on=ON)
    assert over.reasons[0].text.startswith("Out of force since 19 February 2026")


@pytest.mark.parametrize(("told", "source"), [
    (LawFacts(offence_on=date(2024, 6, 30)), "Old Act s.2"),
    (LawFacts(offence_on=date(2024, 7, 1)), "New Act s.1"),
    (NOTHING, "New Act s.1"),
])  # fmt: skip
def test_the_day_of_the_offence_chooses_the_code(told: LawFacts, source: str) -> None:
    chosen = choose((OLD, NEW), told, on=ON)
    assert chosen.source == source


def test_while_the_offence_is_unknown_the_shorter_of_two_codes_counts() -> None:
    shorter = OLD.model_copy(update={"limit": made(limit="PT12H").limit})
    assert choose((shorter, NEW), NOTHING, on=ON) is shorter
    assert choose((shorter, NEW), LawFacts(offence_on=date(2025, 1, 1)), on=ON) is NEW
    assert choose((), NOTHING, on=ON) is None


PACK = LawPack.model_validate(
    {
        "law": "xx", "title": "Test",
        "areas": {
            "hills": {
                "title": "the hills", "states": ["IN-ML"], "districts": ["ri_bhoi"], "source": "A Schedule",
                "confidence": "high",
            }
        },
        "notified": [{"in": "IN-NL", "from": "2026-06-01", "source": "Gazette 7"}],
        "limits": [made(advisory_in=["IN-NL", "hills"]).model_dump(mode="json", exclude_none=True)],
    }
)  # fmt: skip


@pytest.mark.parametrize(("place", "district", "on", "force", "says"), [
    ("IN-AS", None, ON, Force.BINDING, None),
    ("IN-NL", None, ON, Force.ADVISORY, "here it only guides"),
    ("IN-NL", None, date(2026, 5, 31), Force.ADVISORY, "here it only guides"),
    ("IN-NL", None, date(2026, 6, 1), Force.BINDING, "brought into force in IN-NL from 01 June 2026 (Gazette 7)"),
    ("IN-ML", "ri_bhoi", ON, Force.ADVISORY, "by itself in the hills (A Schedule)"),
    ("IN-ML", "shillong_town", ON, Force.BINDING, None),
    ("IN-ML", None, ON, Force.BINDING, "The district is not known, so it is treated as binding."),
])  # fmt: skip
def test_where_it_only_guides_is_a_matter_of_place_and_day(
    place: str, district: str | None, on: date, force: Force, says: str | None
) -> None:
    limit = PACK.find("XX-TEST", on=on)
    assert limit.force_in(place, district=district, on=on) is force
    lines = place_reasons(limit, LawFacts(district=district), jurisdiction=place, on=on)
    assert [says in line.text for line in lines] == ([True] if says else [])
    signed = limit.model_copy(update={"signature": Signature(name="A", on=ON, source_read="G")})
    term = "advisory limit" if force is Force.ADVISORY else "legal deadline"
    assert law_term(signed, on=on, jurisdiction=place, district=district).startswith(term)


def test_an_advisory_limit_says_that_it_guides_everywhere() -> None:
    (line,) = place_reasons(made(force="advisory"), NOTHING, jurisdiction="IN-AS", on=ON)
    assert line.text == "It only guides, wherever it is."


def telling(day: int, element: str = "", **said: str | int) -> Telling:
    at = datetime(2026, 3, day, 6, tzinfo=UTC)
    return Telling("some.step", element, at, {f"tells:{name}": value for name, value in said.items()})


def test_the_best_source_of_an_age_counts_and_then_the_latest() -> None:
    told = gathered(
        [
            telling(1, age_band="12_to_17"), telling(2, age=19), telling(3, age=16, age_paper="school_record"),
            telling(4, age=21),
        ],
        "", people=(), zone=ZONE,
    )  # fmt: skip
    (age,) = told.ages
    assert (age.youngest, age.source, age.as_of) == (16, AgeSource.SCHOOL, date(2026, 3, 3))


def test_a_step_that_is_answered_again_replaces_what_it_said_the_same_day() -> None:
    (age,) = gathered([telling(1, age_band="12_to_17"), telling(1, age_band="25_to_59")], "", people=(), zone=ZONE).ages
    assert age.youngest == 25


def test_what_was_told_of_a_person_goes_before_what_was_told_of_all() -> None:
    tellings = [telling(1, "person:a", age=30, sex="male"), telling(5, age_band="6_to_11", district="ri_bhoi")]
    of_a = gathered(tellings, "person:a", people=("person:a", "person:b"), zone=ZONE)
    assert (of_a.ages[0], of_a.sexes) == (aged(30, as_of=date(2026, 3, 1)), ("male",))
    both = gathered(tellings, "", people=("person:a", "person:b"), zone=ZONE)
    assert [age.youngest if age else None for age in both.ages] == [30, 6]
    assert both.sexes == ("male", None)
    assert both.district == "ri_bhoi"


@pytest.mark.parametrize("word", ["unknown", "unsure", "none", ""])
def test_an_answer_that_nobody_knows_tells_nothing(word: str) -> None:
    told = gathered([telling(1, sex=word, district=word, age_band=word, offence_day=word)], "", people=(), zone=ZONE)
    assert (told.ages, told.sexes, told.district, told.offence_on) == ((None,), (None,), None, None)


def test_the_latest_day_of_the_offence_counts() -> None:
    told = gathered(
        [telling(2, offence_day="2024-07-01"), telling(1, offence_day="2024-06-30")], "", people=(), zone=ZONE
    )
    assert told.offence_on == date(2024, 7, 1)
    assert gathered([telling(1, offence_day="soon")], "", people=(), zone=ZONE).offence_on is None


@pytest.mark.parametrize(("band", "span"), [
    ("under_6", (0, 5)), ("12_to_17", (12, 17)), ("60_and_over", (60, 120)), ("25_or_more", (25, 120)),
    ("unknown", None), ("old", None), ("12_to_x", None), ("under_x", None),
])  # fmt: skip
def test_age_bands_are_read_by_their_names(band: str, span: tuple[int, int] | None) -> None:
    assert age_of_band(band) == span


@pytest.mark.parametrize(("place", "source", "truth"), [
    ("IN-AS", "State", Truth.TRUE), ("IN-NL", "Country", Truth.TRUE), (None, "Country", Truth.TRUE),
])  # fmt: skip
def test_the_text_of_the_state_of_a_case_goes_before_that_of_the_country(
    place: str | None, source: str, truth: Truth
) -> None:
    country = made(source="Country")
    state = made(source="State", jurisdiction="IN-AS", limit="PT48H")
    chosen = choose((state, country), LawFacts(place=place), on=ON)
    assert (chosen.source, judge(chosen, LawFacts(place=place), on=ON).truth) == (source, truth)
    elsewhere = judge(state, LawFacts(place="IN-NL"), on=ON)
    assert (elsewhere.is_used, elsewhere.why_not) == (False, "It is the text of IN-AS alone; this case is of IN-NL.")


def test_the_sections_of_the_latest_report_count() -> None:
    told = gathered([telling(2, sections="BNS143_4,JJ79"), telling(1, sections="BNS143")], "", people=(), zone=ZONE)
    assert told.sections == {"BNS143_4", "JJ79"}
    assert gathered([telling(1, sections="unknown")], "", people=(), zone=ZONE).sections == frozenset()


def test_how_long_the_law_gives_is_said_by_the_version_that_is_in_force() -> None:
    laws = Library(packs=load_definitions(Path(data_folder("workflows"))).packs)
    before, since = (laws.law_words(day) for day in (date(2026, 2, 19), date(2026, 2, 20)))
    assert before["IN-TAKEDOWN", None] == "within 36 hours by the law pack"
    assert since["IN-TAKEDOWN", None] == "within 3 hours by the law pack"
    assert since["IN-TAKEDOWN", "intimate_images"] == "within 2 hours by the law pack"
    assert since["IN-WPS-TAR", None] == "within 5 working days by the law pack", "not by the text of one State"
    assert since["IN-FIR-REG", None] == "at once by the law pack"
    assert since["IN-FIR-SP", None] == "within 4 hours, our own target"
    assert ("IN-LABEL-ID", None) not in since, "it counts no time"


def test_only_what_a_lawyer_has_signed_is_called_law_in_words() -> None:
    pack = load_definitions(Path(data_folder("workflows"))).packs["in"]
    signature = Signature(name="A lawyer", on=date(2026, 1, 2), source_read="Gazette")
    signed = pack.with_signatures({one.text_hash: signature for versions in pack.by_id.values() for one in versions})
    before, since = (Library(packs={"in": signed}).law_words(day) for day in (date(2020, 1, 1), date(2026, 2, 20)))
    assert since["IN-TAKEDOWN", None] == "within 3 hours by law"
    assert since["IN-FIR-REG", None] == "at once by the law pack", "what is watched is our own target"
    assert since["IN-VICTIM-90D", None] == "within 90 days by law"
    assert before["IN-VICTIM-90D", None] == "within 90 days by the law pack", "it was not in force yet"
