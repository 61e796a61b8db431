"""The step types of Press: what they ask, propose, find and print."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from ruamel.yaml import YAML

from engine.plugin.context import Concluded, PersonView
from pillars.press.case_knowledge import known_of
from pillars.press.forms import (
    LeakForm,
    MonitorForm,
    QueryForm,
    ReleaseForm,
    TakedownForm,
    TakedownSettings,
    TrainingForm,
)
from pillars.press.identity import KINDS, Found, Known, find_in
from pillars.press.steps import Leak, Monitor, Query, Release, Takedown, Training, identity_check
from pillars.press.steps.takedown import NEXT_DOOR, due_at
from pillars.press.values import LEAK_LAW
from tests.kit.pillars import (
    NEEDED,
    NOW,
    FakeContext,
    conclude,
    example,
    person,
    prepare,
    problems,
    render,
    run,
)

GOOD = NEEDED["press.release"]
SURVIVOR = PersonView(UUID(int=1), "victim", "Rina Marak", ("Chachi",), "+91 98620 12345", 13)
CASE: dict[str, dict[str, Any]] = {
    "reporting.intake": {"place_last_seen": "Resubelpara market"},
    "reporting.missing": {
        "phone_and_handles": "03651 222 333, @sunny_girl",
        "companion": "Dipak",
        "last_seen_at": "2026-03-02T04:30:00+00:00",
    },
    "rehabilitation.learning": {"provider": "Mendipathar High School"},
}
DRAFTS = Path(__file__).with_name("press_drafts.yaml")
SECOND_DRAFTS = Path(__file__).with_name("press_drafts_second.yaml")
THIRD_DRAFTS = Path(__file__).with_name("press_drafts_third.yaml")
FOURTH_DRAFTS = Path(__file__).with_name("press_drafts_fourth.yaml")


def test_an_answered_query_says_what_was_answered() -> None:
    assert problems(QueryForm, example(QueryForm, stage="answered", answer=None)) == {"*"}
    assert problems(QueryForm, example(QueryForm, stage="no_comment", answer=None)) == set()


def test_a_release_needs_two_approvals() -> None:
    assert problems(ReleaseForm, example(ReleaseForm) | GOOD | {"approvals": ["lawyer"]}) == {"*"}
    assert problems(ReleaseForm, example(ReleaseForm) | GOOD | {"approvals": ["lawyer", "lawyer"]}) == {"*"}
    assert problems(ReleaseForm, example(ReleaseForm) | GOOD) == set()


def test_a_childs_own_consent_never_allows_a_release() -> None:
    by_consent = example(ReleaseForm) | GOOD | {"legal_basis": "adult_consent"}
    assert problems(ReleaseForm, by_consent | {"child_involved": True}) == {"*"}
    assert problems(ReleaseForm, by_consent | {"child_involved": False}) == set()


def test_instants_and_counts_fit_each_other() -> None:
    early = "2026-03-01T04:30:00+00:00"
    assert problems(ReleaseForm, example(ReleaseForm) | GOOD | {"withdraw_by": early}) == {"*"}
    assert problems(LeakForm, example(LeakForm, survivor_told_at=early)) == {"*"}
    assert problems(LeakForm, example(LeakForm, removed_at=early)) == {"*"}
    assert problems(MonitorForm, example(MonitorForm, harmful=4)) == {"*"}
    assert problems(TrainingForm, example(TrainingForm, pledge_signed=4)) == {"*"}
    assert problems(TrainingForm, example(TrainingForm, evaluation=101)) == {"*"}


def test_a_query_is_to_be_answered_in_four_hours() -> None:
    prefill = prepare(Query).prefill
    assert prefill == {"deadline": (NOW + timedelta(hours=4)).isoformat(), "stage": "new"}


def test_an_appeal_for_a_missing_child_is_proposed_as_such_and_goes_away_by_itself() -> None:
    times = {"publish_from": NOW.isoformat(), "withdraw_by": (NOW + timedelta(days=30)).isoformat()}
    appeal = prepare(Release, persons=(person("victim", 13),), before={"reporting.missing": {"age": 13}})
    assert appeal.prefill == times | {"kind": "missing_appeal", "legal_basis": "missing_person", "child_involved": True}
    assert prepare(Release, persons=(person("victim", 30),)).prefill == times


def test_the_law_on_a_childs_identity_is_proposed_in_india_only() -> None:
    child = (person("victim", 13),)
    assert prepare(Leak, persons=child).prefill["law"] == ["JJ74"]
    assert "law" not in prepare(Leak, persons=(person("victim", 30),)).prefill
    assert "law" not in prepare(Leak, persons=child, jurisdiction="BD").prefill


@pytest.mark.parametrize(("fir", "laws"), [
    ({"sections": ["BNS143", "BNS64_71"], "offence_date": "2024-07-01"}, ["BNS72"]),
    ({"sections": ["BNS64_71"], "offence_date": "2024-06-30"}, ["IPC228A"]),
    ({"sections": ["BNS64_71"], "governing_code": "IPC"}, ["IPC228A"]),
    ({"sections": ["BNS143", "IPC370"], "offence_date": "2024-07-01"}, None),
    ({"sections": ["POCSO"]}, ["POCSO23"]),
])  # fmt: skip
def test_a_law_on_the_identity_of_a_victim_is_proposed_by_the_offences_of_the_fir(
    fir: dict[str, Any], laws: list[str] | None
) -> None:
    context = FakeContext(persons=(person("victim", 30),), before={"policing.fir": fir})
    assert prepare(Leak, context).prefill.get("law") == laws
    assert "law" not in prepare(Leak, replace(context, jurisdiction="NP-BA")).prefill


def test_the_takedown_notice_has_the_words_of_each_law_that_can_be_chosen() -> None:
    notice = render("takedown-notice", Leak.step_type, {"law": list(LEAK_LAW)})
    assert not [law for law in LEAK_LAW if f"<li>{law}</li>" in notice]


def test_a_leak_says_whether_it_is_gone_where_it_came_from_and_what_was_late() -> None:
    answers: dict[str, Any] = {
        "found_at": "2026-07-26T02:55:00Z",
        "survivor_told_at": "2026-07-26T06:55:00Z",
        "safety_reviewed": True,
        "source_internal": "suspected",
    }
    concluded = conclude(Leak, answers)
    assert concluded.facts == {"leak_removed": False, "leak_from_inside": True}
    assert concluded.notes == ()
    late = answers | {"survivor_told_at": "2026-07-26T06:55:01Z", "safety_reviewed": False, "source_internal": "no"}
    assert len(conclude(Leak, late).notes) == 2
    assert conclude(Leak, late).facts["leak_from_inside"] is False


@pytest.mark.parametrize(("harmful", "leak"), [(0, False), (2, True)])
def test_a_harmful_report_is_a_leak(harmful: int, *, leak: bool) -> None:
    done = conclude(Monitor, {"harmful": harmful})
    assert done.facts == {"leak_found": leak}
    hours = {one.name: (one.due_at - NOW) / timedelta(hours=1) for one in done.follow_ups if not one.is_over}
    assert hours == ({"contain": 1, "notify": 4, "letter": 4, "again": 24, "again_7d": 168} if leak else {})
    known = {"press.monitor": {"harmful": 1}}
    assert conclude(Monitor, {"harmful": harmful}, before=known).follow_ups == ()
    assert prepare(Monitor).prefill == {"next_run": (NOW + timedelta(hours=24)).isoformat()}


def check(text: str) -> dict[str, Any]:
    before = CASE | {"press.release": {"text": text}}
    done = run(identity_check, persons=(SURVIVOR,), before=before)
    said = " ".join(done.notes)
    for secret in ("Rina", "Marak", "Chachi", "98620", "Resubelpara", "sunny", "Dipak"):
        assert secret not in said
    assert " safe" not in said
    return {kind: count for kind, count in done.outputs.items() if count and kind not in {"checked", "found"}}


@pytest.mark.parametrize(("text", "found"), [
    ("A girl was found unharmed.", {}),
    ("RINA was found.", {"names": 1}),
    ("The Marak girl and Dipak's car", {"names": 2}),
    ("rína", {"names": 1}),
    ("Rinako logote", {"names": 1}),
    ("Marina is a port.", {}),
    ("They call her chachi.", {"aliases": 1}),
    ("write to @sunny_girl or @someone_else", {"aliases": 2}),
    ("Call 9862012345 or (03651) 222-333.", {"phones": 2}),
    ("Call ৯৮৬২০ ১২৩৪৫.", {"phones": 1}),
    ("near Resubelpara", {"places": 1}),
    ("रेसुबेलपाड़ा के पास", {"places": 1}),
    ("a pupil of Mendipathar", {"schools": 1, "hints": 1}),
    ("on 2 March 2026", {"days": 1}),
    ("since the 2nd of March", {"days": 1}),
    ("২ মার্চ ২০২৬", {"days": 1}),
    ("on 3 March 2026", {}),
    ("on 31 February 2026", {}),
    ("a car AS 01 BC 1234", {"vehicles": 1}),
    ("FIR No. 12/2026", {"papers": 1}),
    ("the only daughter of the headman", {"hints": 2}),
    ("Rina of Resubelpara, 98620-12345", {"names": 1, "phones": 1, "places": 1}),
])  # fmt: skip
def test_a_draft_is_searched_for_whoever_and_whatever_the_case_knows(text: str, found: dict[str, int]) -> None:
    assert check(text) == found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("မမချို", "ယနေ့မမချိုကိုတွေ့သည်"), ("রিনা", "রিনাকে পাওয়া গেছে"), ("Rina Marak", "ৰীণাক উদ্ধাৰ কৰা হৈছে"),
        ("Rahima Khatun", "रहीमा की मां"), ("রহিমা খাতুন", "Rohima was found"), ("Gudiya", "গুড়িয়া ভালো আছে"),
    ],
)  # fmt: skip
def test_names_are_found_in_other_scripts_with_endings_and_without_spaces(name: str, text: str) -> None:
    assert find_in(text, Known(names=(name,))).names == 1


@pytest.mark.parametrize(("told", "text", "kind"), [
    (("repatriation.hir", "family_identity", "Mother Sabita, seen with her voter card"), "Sabita wept", "names"),
    (("reintegration.mediation", "parties", "the uncle and Ratan Das"), "Ratan signed", "names"),
    (("protection.safety", "threat_source", "the agent Kuldip and his men"), "Kuldip fled", "names"),
    (("repatriation.handover", "place", "Petrapole"), "at Petrapole", "places"),
    (("reporting.missing", "phone_and_handles", "94360, insta: sweetangel"), "Sweet Angel danced", "aliases"),
    (("reporting.missing", "phone_and_handles", "fb Priya.D"), "known there as Priya D", "aliases"),
    (("reporting.intake", "online_handle", "moongirl"), "she is moongirl there", "aliases"),
    (("reporting.missing", "phone_and_handles", "home 22 334"), "ring 22334", "phones"),
])  # fmt: skip
def test_all_that_answers_tell_is_looked_for(told: tuple[str, str, str], text: str, kind: str) -> None:
    step, name, answer = told
    context = FakeContext(history={step: ({name: answer}, {name: "something else"})})
    assert getattr(find_in(text, known_of(context)), kind) == 1


@pytest.mark.parametrize("text", [
    "The agent and two men were seen.", "A person may call the mother.", "A voter card was checked.",
    "On Instagram, too",
])  # fmt: skip
def test_who_somebody_is_to_a_person_and_the_name_of_a_network_are_no_names(text: str) -> None:
    said = "the mother; a person; the agent and his men, checked with her voter card"
    known = {"repatriation.hir": ({"family_identity": said},), "protection.safety": ({"threat_source": said},)}
    online = {"reporting.missing": ({"phone_and_handles": "98620 12345 (her mother's phone), Instagram"},)}
    assert find_in(text, known_of(FakeContext(history=known | online))).total == 0


def test_parents_and_home_of_a_person_are_looked_for_and_the_district_is_not() -> None:
    rina = replace(SURVIVOR, parents=("Salseng Sangma",), home="Mendal, North Garo Hills")
    known = known_of(FakeContext(persons=(rina,)))
    assert find_in("Salseng came to Mendal.", known) == Found(names=1, places=1)
    assert find_in("Police of North Garo Hills came.", known).total == 0


@pytest.mark.parametrize(
    ("name", "text", "is_told"),
    [
        ("Asha Rani", "We met Asha on Monday.", True), ("Asha Rani", "Rani's case was heard.", True),
        ("Asha Rani", "ASHA IS FREE", True), ("Asha Rani", "asha means hope", False),
        ("Asha Rani", "ASHA workers and Asha workers came.", False), ("Asha Rani", "आशा रानी मिली", True),
        ("Asha Rani", "आशा है कि", False), ("आशा देवी", "We met Asha.", True), ("Man Bahadur", "We met Man there.", True),
        ("Man Bahadur", "A man came. Man is mortal.", False),
    ],
)  # fmt: skip
def test_a_given_name_that_is_a_word_too_tells_with_a_capital(name: str, text: str, *, is_told: bool) -> None:
    assert bool(find_in(text, Known(names=(name,))).names) is is_told


@pytest.mark.parametrize(
    ("text", "is_age"),
    [
        ("A girl of 14 was rescued.", True), ("She is 14.", True), ("She turned 15 last week.", True),
        ("The girl was fourteen when she was sold.", True), ("who is just 13, said", True), ("At 14, she left.", True),
        ("in her early teens", True), ("her 16th birthday", True), ("वह चौदह की है", True),
        ("She is 14 km away.", False),
        ("He was 14 minutes late.", False), ("girls of 14 villages", False), ("It is 14 now.", False),
        ("She is 18.5 km from it.", False), ("The agent, he is 41, was arrested.", False),
    ],
)  # fmt: skip
def test_an_age_is_a_hint_without_the_word_for_years(text: str, *, is_age: bool) -> None:
    assert ("age" in find_in(text, Known()).sorts) is is_age


def drafts(path: Path = DRAFTS) -> tuple[list[Known], list[dict[str, Any]]]:
    """Read the invented drafts; a day of a case is one on which something happened."""
    read = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    known = [
        Known(
            names=(one["name"], one["parent"]), aliases=(one["alias"],), places=(one["place"],),
            schools=(one["school"],), days=(date.fromisoformat(str(one["day"])),),
        )
        for one in read["cases"]
    ]  # fmt: skip
    return known, read["drafts"]


def measured(path: Path = DRAFTS) -> tuple[int, int, list[str]]:
    """Count what was planted in the drafts, what of it was found, and the drafts with a false alarm."""
    known, texts = drafts(path)
    planted = found = 0
    false: list[str] = []
    for draft in texts:
        seen = find_in(draft["text"], known[draft["case"]])
        kinds = {kind for kind in KINDS if getattr(seen, kind)}
        wanted = {"aliases" if kind == "handles" else kind for kind in draft["planted"]}
        planted, found = planted + len(wanted), found + len(wanted & kinds)
        false += [draft["id"]] * bool(kinds - wanted)
    return planted, found, false


def test_of_two_hundred_drafts_half_are_clean_and_each_language_has_as_many() -> None:
    _, texts = drafts()
    assert len(texts) == 200
    assert sum(not draft["planted"] for draft in texts) == 100
    assert Counter(draft["language"] for draft in texts) == {"en": 50, "hi": 50, "bn": 50, "as": 50}


def test_nearly_all_that_is_planted_in_drafts_is_found_and_false_alarms_are_few() -> None:
    planted, found, false = measured()
    assert planted > 150
    assert found >= 0.98 * planted
    assert len(false) <= 10


@pytest.mark.parametrize(("file", "of_a_language", "clean", "said"), [
    (SECOND_DRAFTS, 15, 30, 45), (THIRD_DRAFTS, 20, 40, 86), (FOURTH_DRAFTS, 10, 19, 45),
], ids=["as a journalist writes", "of cases all over the region", "written after that"])  # fmt: skip
def test_other_drafts_are_searched_as_well(file: Path, of_a_language: int, clean: int, said: int) -> None:
    _, texts = drafts(file)
    assert Counter(draft["language"] for draft in texts) == dict.fromkeys(("en", "hi", "bn", "as"), of_a_language)
    assert sum(not draft["planted"] for draft in texts) == clean
    planted, found, false = measured(file)
    assert planted == said
    assert found >= 0.98 * planted
    assert false == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("MH-12-AB-4455 and DL 3C AB 1", {"vehicles": 1}), ("a car as01bc1234", {"vehicles": 1}),
        ("22 BH 1234 AA", {"vehicles": 1}), ("एमएच 12 एबी 4455", {"vehicles": 1}),
        ("ডব্লিউবি ১২ এ ১২৩৫", {"vehicles": 1}), ("ঢাকা মেট্রো-গ ১২-৩৫৫৬", {"vehicles": 1}),
        ("Dhaka Metro-Ga 12-3456", {"vehicles": 1}), ("बा २ च ४४५५", {"vehicles": 1}),
        ("Ba 2 Cha 4455", {"vehicles": 1}), ("7K-1234", {"vehicles": 1}), ("in 12 to 2025", {}),
        ("GDE 812", {"papers": 1}), ("G.R. Case No. 210/26", {"papers": 1}), ("POCSO case 17 of 2026", {"papers": 1}),
        ("মামলা নং ১২(৩)২৬", {"papers": 1}), ("मु. कांड सं. 45/26", {"papers": 1}), ("in one case 12 people", {}),
        ("after the FIR, 12 people", {}), ("গত বছর ৩৬৫টি মামলা, ৭৬০ জন", {}),
        ("Toll-free 1800 345 3633", {}), ("ring +977 984-1122334", {"phones": 1}), ("98-64-01-23-45", {"phones": 1}),
        ("instagram.com/moon.girl", {"aliases": 1}), ("telegram id moonlight99", {"aliases": 1}),
        ("moon.girl@gmail.com", {"aliases": 1}), ("write to press@example.org", {}), ("see www.example.org", {}),
        ("facebook page of the unit, no.12", {}), ("#bring_them_home", {}),
    ],
)  # fmt: skip
def test_plates_papers_numbers_and_online_names_are_found_as_the_region_writes_them(
    text: str, found: dict[str, int]
) -> None:
    seen = find_in(text, Known())
    assert {kind: getattr(seen, kind) for kind in KINDS if getattr(seen, kind)} == found


@pytest.mark.parametrize(("text", "is_told"), [
    ("on March 2", True), ("on March 2nd, 2026", True), ("02/03/26", True), ("2026-03-02", True), ("2.3.2026", True),
    ("the second of March", True), ("দোসরা নয়, ২রা মার্চ", True), ("২ মাৰ্চত", True), ("दो मार्च को", True),
    ("in March 2025", False), ("March 2, 2025", False), ("2 marches", False), ("2/3 of them", False),
    ("March 20", False),
])  # fmt: skip
def test_a_day_of_the_case_is_read_in_many_writings(text: str, *, is_told: bool) -> None:
    assert find_in(text, Known(days=(date(2026, 3, 2),))).days == is_told


def test_a_month_that_begins_another_word_is_none() -> None:
    fifth = Known(days=(date(2026, 5, 5),))
    assert find_in("৫ মে", fifth).days == 1
    assert find_in("৫ মেয়ে", fifth).days == 0
    assert find_in("कमरा 5 में", fifth).days == 0


@pytest.mark.parametrize(
    ("text", "is_hint"),
    [
        ("A 41-year-old man was remanded.", False), ("A 17-year-old boy was remanded.", True),
        ("A 22-year-old man, rescued from a scam compound, was arrested.", True),
        ("The agent told a 19-year-old woman to pack.", True), ("The accused, a 44-year-old, fled.", False),
        ("children aged 6 to 14", False), ("sisters aged 13 and 15", True), ("until the age of 18", False),
        ("Sandar, 17, came home", True), ("section 143 (8) says", False), ("a girl (15) said", True),
        ("১৪ বছরের কম বয়সী", False), ("বয়স ষোলো", True), ("उम्र 16", True), ("उम्र 18 वर्ष से कम", False),
        ("Photo: the new office", False), ("Photo: the girl at the new office", True),
        ("Photo: a yard with a blue door", True),
        ("सीमा की एकमात्र चौकी", False), ("घर की एकमात्र बेटी", True), ("students of class X who won", False),
        ("a student of class X", True), ("माता-पिता, शिक्षक और चौकीदार", False), ("माँ अस्पताल में नर्स हैं", True),
        ("বাবা ভ্যানচালক", True), ("দেউতাক বাগিচাৰ চকীদাৰ", True), ("the youngest of four sisters", True),
        ("दलाल और उसकी पत्नी पकड़े गए", False),
    ],
)  # fmt: skip
def test_the_accused_a_building_and_a_limit_of_the_law_are_no_hint(text: str, *, is_hint: bool) -> None:
    assert bool(find_in(text, Known()).hints) is is_hint


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("စန္ဒာဝင်း", "Sandar Win is home"), ("খোয়াই", "खोवाई से"), ("Dinhata", "দিনহাটার মানুষ"),
        ("Dhading Besi", "at Dhadingbesi"), ("Dhadingbesi", "from Dhading Besi"), ("রুবিনা", "Robina is home"),
    ],
)  # fmt: skip
def test_a_name_is_found_written_in_one_word_or_two_and_letter_by_letter(name: str, text: str) -> None:
    assert find_in(text, Known(names=(name,))).names == 1


@pytest.mark.parametrize(
    ("name", "text", "is_told"),
    [
        ("Lhingneikim", "Lhingneikin is home", True), ("Mangaldoi", "in Mangalboi", True),
        ("Surendra", "Surednra's home", True), ("Surendra", "Surendar said", True),
        ("Surendra", "they surrender", False), ("Pariyar", "उसका परिवार", False),
        ("Tirkey", "a flight to Turkey", False), ("Marak", "a mark", False), ("Phulmani", "Sulmani", False),
    ],
)  # fmt: skip
def test_one_letter_of_a_long_name_may_be_wrong(name: str, text: str, *, is_told: bool) -> None:
    assert bool(find_in(text, Known(names=(name,))).names) is is_told


@pytest.mark.parametrize(
    ("name", "text"),
    [("Sing", "she was last seen"), ("Sheikh", "check the papers"), ("Bhola", "the whole house"), ("Deka", "कागज़ देखें")],
)
def test_words_of_every_day_are_not_heard_as_names(name: str, text: str) -> None:
    assert find_in(text, Known(names=(name,))).names == 0


@pytest.mark.parametrize(("text", "found"), [
    ("ring nine eight six double four, one two three three four", 1),
    ("नौ आठ छह चार शून्य एक दो तीन तीन चार पर फ़ोन करें", 1),
    ("নয় আট তিন শূন্য শূন্য এক দুই তিন চার পাঁচ", 1),
    ("one or two of the three", 0),
    ("Rs 12,50,000 in 2025, and 2,50,000 in 2026", 0),
    ("one two three, 45 000", 0),
])  # fmt: skip
def test_a_number_that_is_said_in_words_is_a_number(text: str, found: int) -> None:
    assert find_in(text, Known()).phones == found


@pytest.mark.parametrize(
    ("text", "is_hint"),
    [
        ("a fourteen-year-old", True), ("prison for fourteen years", False), ("चौदह साल की बच्ची", True),
        ("दस साल की सज़ा", False), ("দশ বছরের কারাদণ্ড", False), ("তেরো বছরের কিশোরী", True),
        ("a counsellor, a social worker and an officer", False), ("her father, a rickshaw puller, said", True),
    ],
)  # fmt: skip
def test_an_age_in_words_and_the_work_of_a_relative_are_hints_and_a_time_in_prison_is_not(
    text: str, *, is_hint: bool
) -> None:
    assert bool(find_in(text, Known()).hints) is is_hint


def test_an_approved_text_and_an_answer_to_a_reporter_are_searched_too() -> None:
    told: dict[str, dict[str, Any]] = {"press.release": {}} | CASE
    named = conclude(
        Release, {"text": "Rina is well.", "withdraw_by": NOW.isoformat()}, persons=(SURVIVOR,), before=told
    )
    assert named.facts == {"draft_may_identify": True, "release_is_held": True, "withdraw_release_at": NOW}
    assert "names 1" in named.notes[0]
    assert "Rina" not in named.notes[0]
    clean = conclude(Release, {"text": "A child is well."}, persons=(SURVIVOR,))
    assert (clean.facts, clean.notes) == ({"draft_may_identify": False, "release_is_held": False}, ())
    answered = conclude(Query, {"stage": "answered", "answer": "Rina is well."}, persons=(SURVIVOR,))
    assert answered.facts == {"query_is_open": False}
    assert answered.notes
    assert conclude(Query, {"stage": "new"}).facts == {"query_is_open": True}


@pytest.mark.parametrize("text", ["Ring 98620 12345.", "FIR No. 12/2026", "a girl of 14", "write to @sunny_girl"])
def test_a_text_with_a_sign_of_somebody_is_not_approved_until_it_is_said_why_it_may_stay(text: str) -> None:
    release = example(ReleaseForm) | GOOD | {"text": text, "findings": None}
    assert problems(ReleaseForm, release) == {"*"}
    assert problems(ReleaseForm, release | {"findings": "of_nobody"}) == set()
    answer = example(QueryForm, stage="answered", answer=text, findings=None)
    assert problems(QueryForm, answer) == {"*"}
    assert problems(QueryForm, answer | {"findings": "of_nobody"}) == set()
    assert problems(ReleaseForm, release | {"text": "A person is safe."}) == set()


APPEAL = {"legal_basis": "missing_person", "kind": "missing_appeal", "identity_check": ["missing_person_exception"]}
OF_AN_ADULT = {"legal_basis": "adult_consent", "child_involved": False, "survivor_consent": "signed on 2 March"}


@pytest.mark.parametrize(
    ("changes", "is_ground"),
    [
        ({"legal_basis": "court_leave", "permission_no": None}, False), ({"permission_no": "12/2026"}, True),
        ({"legal_basis": "authority_leave", "permission_no": "CWC 4"}, True), (APPEAL, True),
        (APPEAL | {"identity_check": ["no_name"]}, False), (OF_AN_ADULT, True),
        (OF_AN_ADULT | {"survivor_consent": None}, False), ({"legal_basis": "no_person_concerned"}, False),
    ],
)  # fmt: skip
def test_what_stays_in_a_text_needs_a_named_ground(changes: dict[str, Any], *, is_ground: bool) -> None:
    release = example(ReleaseForm) | GOOD | {"text": "a girl of 14", "findings": "allowed_by_ground"} | changes
    assert (problems(ReleaseForm, release) == set()) is is_ground


def approve(text: str = "Rina is well.", *, before: tuple[str, ...] = (), **answers: Any) -> Concluded:
    shown = {"press.release": tuple({"text": one} for one in before)}
    return conclude(Release, {"text": text} | answers, persons=(SURVIVOR,), history=shown)


def test_a_text_with_what_the_case_knows_is_held_until_a_ground_is_named() -> None:
    [again] = approve().follow_ups
    assert (again.name, again.uses, again.due_at) == ("held_release", "press.release", NOW + timedelta(hours=4))
    assert "must not go out yet" in approve().notes[-1]
    for ground in (APPEAL, OF_AN_ADULT, {"legal_basis": "court_leave", "permission_no": "12/2026"}):
        allowed = approve(**ground)
        assert allowed.facts == {"draft_may_identify": True, "release_is_held": False}
        assert allowed.follow_ups[0].is_over
    assert not approve(**OF_AN_ADULT | {"child_involved": True}).follow_ups[0].is_over


def test_that_it_is_of_nobody_counts_once_what_the_case_knows_was_shown() -> None:
    assert approve(findings="of_nobody").facts["release_is_held"] is True
    assert approve(findings="of_nobody", before=("Rina is well.",)).facts["release_is_held"] is False
    assert approve(findings="of_nobody", before=("Another text.",)).facts["release_is_held"] is True
    assert approve("Ring 98765 43210.", findings="of_nobody").facts["release_is_held"] is False


def test_a_text_that_was_held_is_shown_with_what_was_found_before_it_is_approved() -> None:
    held = {"text": "Rina is well.", "kind": "statement", "approvals": ["lawyer"], "legal_basis": "no_person_concerned"}
    again = prepare(Release, persons=(SURVIVOR,), history={"press.release": (held,)})
    assert again.prefill == {name: held[name] for name in ("text", "kind", "legal_basis")}
    assert "names 1" in again.notes[0]
    clean = held | {"text": "A person is well."}
    assert "text" not in prepare(Release, history={"press.release": (held, clean)}).prefill


def test_what_was_answered_to_a_reporter_is_shown_before_a_text_is_approved_and_can_be_a_leak() -> None:
    before = {"press.query": {"answer": "Rina is well."}}
    assert "names 1" in prepare(Release, persons=(SURVIVOR,), before=before).notes[-1]
    said = {"stage": "answered", "answer": "Rina is well.", "findings": "already_said"}
    [leak] = conclude(Query, said, persons=(SURVIVOR,)).follow_ups
    assert (leak.uses, leak.due_at) == ("press.leak", NOW + timedelta(hours=1))


SENT = NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("ground", "country", "hours"),
    [
        ("court_or_government_order", "IN", 3), ("intimate_image", "IN", 2), ("urgent_complaint", "IN", 36),
        ("law_on_identity", "IN", None), ("intimate_image", "BD", 2), ("no_such_ground", "IN", None),
    ],
)  # fmt: skip
def test_a_platform_has_the_hours_of_what_the_notice_rests_on(ground: str, country: str, hours: int | None) -> None:
    assert due_at(FakeContext(jurisdiction=country), SENT, ground) == (SENT + timedelta(hours=hours) if hours else None)


def follow(**answers: Any) -> Concluded:
    given = {
        "sent_at": SENT.isoformat(),
        "ground": "intimate_image",
        "door": "platform",
        "answer": "none_yet",
    } | answers
    return conclude(Takedown, given)


def test_a_platform_that_has_time_left_is_looked_at_when_it_is_over() -> None:
    done = follow()
    due = SENT + timedelta(hours=2)
    assert done.facts == {"content_removed": False, "platform_is_late": False, "platform_due_at": due}
    assert done.notes == ()
    [watch] = done.follow_ups
    assert (watch.name.partition("_")[0], watch.uses, watch.due_at) == ("takedown", "press.takedown", due)


@pytest.mark.parametrize(
    "changes", [{"sent_at": (NOW - timedelta(hours=2, seconds=1)).isoformat()}, {"answer": "refused"}]
)
def test_a_platform_that_is_late_or_refuses_sends_you_to_the_next_door(changes: dict[str, Any]) -> None:
    done = follow(**changes)
    assert done.notes == (NEXT_DOOR["platform"],)
    assert done.follow_ups[0].due_at is not None
    assert done.follow_ups[0].due_at > NOW
    assert follow(**changes, door="police").notes == (NEXT_DOOR["police"],)


def test_what_is_gone_is_looked_at_again_after_a_day_three_days_and_a_week() -> None:
    done = follow(answer="removed", removed_at=NOW.isoformat())
    assert done.facts["content_removed"] is True
    over, *looks = done.follow_ups
    assert (over.name, over.is_over) == (follow().follow_ups[0].name, True)
    assert [watch.due_at for watch in looks] == [NOW + timedelta(hours=hours) for hours in (24, 72, 168)]
    assert {watch.uses for watch in looks} == {"press.monitor"}
    late = follow(sent_at=(NOW - timedelta(hours=9)).isoformat(), answer="removed", removed_at=NOW.isoformat())
    assert late.notes
    assert late.facts["platform_is_late"] is True


def test_what_is_watched_of_one_platform_is_named_by_it_however_it_is_written() -> None:
    names = {
        platform: {watch.name for watch in (*follow(platform=platform).follow_ups, *gone(platform).follow_ups)}
        for platform in ("Site A", " site  a", "Site B")
    }
    assert names["Site A"] == names[" site  a"]
    assert not names["Site A"] & names["Site B"]
    assert not any("site" in name for name in names["Site A"])


def test_the_next_look_goes_on_with_its_own_notice() -> None:
    own = UUID(int=9)
    told = {"platform": "Site A", "ground": "intimate_image", "sent_at": SENT.isoformat()}
    context = FakeContext(
        settings=TakedownSettings.model_validate({"follows": own.hex}), by_id={own: told},
        before={
            "press.takedown": {"platform": "Site B", "ground": "urgent_complaint"},
            "press.leak": {"takedown_sent_at": NOW.isoformat()},
        },
    )  # fmt: skip
    assert prepare(Takedown, context).prefill == told | {"answer": "none_yet", "door": "platform"}


def gone(platform: str) -> Concluded:
    return follow(platform=platform, answer="removed", removed_at=NOW.isoformat())


def test_a_takedown_takes_over_what_the_leak_or_the_last_look_says() -> None:
    leak = {"takedown_sent_at": SENT.isoformat(), "what_leaked": ["intimate_image"]}
    assert prepare(Takedown, before={"press.leak": leak}).prefill == {
        "answer": "none_yet", "door": "platform", "ground": "intimate_image", "sent_at": SENT.isoformat(),
    }  # fmt: skip
    last = {"platform": "A site", "ground": "urgent_complaint", "sent_at": SENT.isoformat()}
    again = prepare(Takedown, before={"press.takedown": last}).prefill
    assert (again["platform"], again["ground"], again["sent_at"]) == ("A site", "urgent_complaint", SENT.isoformat())
    assert prepare(Takedown).prefill["sent_at"] == NOW.isoformat()


def test_gone_and_the_time_of_it_are_said_together() -> None:
    good = example(TakedownForm, answer="none_yet", removed_at=None)
    assert problems(TakedownForm, good) == set()
    assert problems(TakedownForm, good | {"answer": "removed"}) == {"*"}
    assert problems(TakedownForm, good | {"removed_at": good["sent_at"]}) == {"*"}
    assert problems(TakedownForm, good | {"answer": "removed", "removed_at": "2026-03-01T00:00:00Z"}) == {"*"}


def test_only_an_appeal_may_keep_a_name_and_a_picture() -> None:
    kept = example(ReleaseForm) | GOOD | {"identity_check": ["missing_person_exception"]}
    assert problems(ReleaseForm, kept | {"kind": "statement"}) == {"*"}
    assert problems(ReleaseForm, kept | {"kind": "missing_appeal"}) == set()


def test_a_workshop_is_in_this_country_and_says_when_somebody_did_not_sign() -> None:
    assert prepare(Training).prefill == {"country": "IN"}
    assert prepare(Training, before={"press.training": {"topics": ["other"]}}).prefill["topics"] == ["other"]
    assert conclude(Training, {"participants": 3, "pledge_signed": 2}).notes
    assert not conclude(Training, {"participants": 3, "pledge_signed": 3}).notes
    assert not conclude(Training, {"participants": 3}).notes


def test_a_draft_that_is_not_there_was_not_checked() -> None:
    assert run(identity_check, persons=(SURVIVOR,)).outputs == {"checked": False}


def test_finding_nothing_still_asks_a_person_to_read() -> None:
    done = run(identity_check, before={"press.release": {"text": "A girl was found."}})
    assert done.outputs["checked"] is True
    assert done.outputs["found"] == 0
    assert "A person must still read it" in done.notes[0]


@pytest.mark.parametrize("full", [True, False])
def test_the_takedown_notice_names_the_law_and_never_what_leaked(*, full: bool) -> None:
    answers = example(LeakForm, full=full) | {"law": ["JJ74"], "what_leaked": ["intimate_image"]}
    notice = render("takedown-notice", Leak.step_type, answers)
    assert "section 74" in notice
    assert "intimate" not in notice
    assert "Name Withheld" not in notice
    assert "not recorded" in render("takedown-notice", Leak.step_type, {})
