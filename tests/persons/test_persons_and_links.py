"""What is known of a person, and what a granted unit sees of persons and of other cases."""

from datetime import date
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.law.told import AgeRange, AgeSource
from engine.core.policy import Viewer
from engine.db.store import Within
from engine.errors import NotFoundError
from engine.overview.views.case import case_page
from engine.persons.records import (
    CONFIRMED,
    RULED_OUT,
    candidates_of,
    names_of,
    parted,
    settled,
    with_age,
    with_candidate,
    with_name,
    written_over,
)
from engine.persons.store import PersonStore
from engine.persons.tokens import NameTokens
from engine.persons.views.person import case_links, person_page, revealed_person
from engine.sharing.views.sent import partner_page
from tests.kit.network import START, Network

KNOWN = {
    "name": "Kamala", "aliases": ["Kamla Devi"], "phone": "1234567890",
    "candidates": [{"id": str(UUID(int=5)), "name": "Moni"}],
    "ages": [{"youngest": 15, "oldest": 17, "source": "school", "as_of": "2026-03-10"}],
}  # fmt: skip


@pytest.fixture
def partner(network: Network) -> Viewer:
    return network.actor("Eve", network.unit("Elsewhere"), "supervisor", "caseworker")


@pytest.fixture
def home(network: Network) -> UUID:
    return network.unit("Shillong")


@pytest.fixture
def sam(network: Network, home: UUID) -> Viewer:
    return network.actor("Sam", home, "supervisor", "caseworker")


@pytest.fixture
def case_id(network: Network, home: UUID) -> UUID:
    return network.open_case(home, victims=1, number="C-HOME")


def person_of(network: Network, sam: Viewer, case_id: UUID) -> UUID:
    person: UUID = network.ask(case_page, sam, case_id).persons[0].id
    with network.sql.begin() as connection:
        PersonStore(Within(connection, network.vault)).change(person, KNOWN, ())
    return person


@pytest.mark.parametrize(("fields", "shown"), [
    (["person.name"], ("Kamala", (), "", "", None)),
    (["person.age"], (None, (), "", "15 to 17", True)),
    (["person.aliases", "person.phone"], (None, ("Kamla Devi",), "1234567890", "", None)),
    (["person.*"], ("Kamala", ("Kamla Devi",), "1234567890", "15 to 17", True)),
])  # fmt: skip
def test_a_grant_shows_of_a_person_what_it_names(
    network: Network, sam: Viewer, partner: Viewer, case_id: UUID, fields: list[str], shown: object
) -> None:
    person = person_of(network, sam, case_id)
    network.grant(case_id, partner.unit_ids[0], fields=fields)
    seen = network.ask(revealed_person, partner, person)
    assert (seen.name, seen.aliases, seen.phone, seen.age_words, seen.is_child) == shown
    assert bool(seen.candidates) == (fields == ["person.*"])
    assert network.ask(person_page, partner, case_id, person).same == ()


def test_who_was_found_to_be_the_same_is_read_in_as_many_statements_for_many_as_for_one(
    network: Network, sam: Viewer, partner: Viewer, case_id: UUID
) -> None:
    person = person_of(network, sam, case_id)
    cases = [network.open_case(sam.unit_ids[0], victims=1, number=f"C-{number}") for number in range(3)]
    cases.append(network.open_case(partner.unit_ids[0], victims=1))
    counts = []
    for other in cases:
        there = network.ask(case_page, sam if other != cases[-1] else partner, other).persons[0].id
        network.add(
            "person_merge", id=uuid4(), primary_id=person, secondary_id=there, case_id=case_id, other_case_id=other,
            unit_id=sam.unit_ids[0], reason_code="papers", merged_at=network.clock.now(),
        )  # fmt: skip
        network.later(minutes=1)
        counts.append(network.counted(lambda: network.ask(person_page, sam, case_id, person)))
    assert len(set(counts)) == 1
    same = [(one.label, one.case_number) for one in network.ask(person_page, sam, case_id, person).same]
    assert same == [*(("Person 1", f"C-{number}") for number in range(3)), ("Someone", "another case")]
    back = network.ask(person_page, sam, cases[0], network.ask(case_page, sam, cases[0]).persons[0].id).same
    assert [(one.label, one.case_number) for one in back] == [("Person 1", "C-HOME")]


def test_a_partner_without_an_account_is_shown_the_age_that_counts_as_a_range(
    network: Network, sam: Viewer, case_id: UUID
) -> None:
    person = person_of(network, sam, case_id)
    referral = uuid4()
    network.add(
        "referral", id=referral, case_id=case_id, unit_id=sam.unit_ids[0], kind="referral", status="accepted",
        fields=["person.age"], persons=[person], sent_at=START,
    )  # fmt: skip
    page = network.ask_all(partner_page, referral, "")
    assert [(line.label, line.text) for line in page.lines] == [("Person 1: age", "15 to 17")]


def test_a_partner_without_an_account_is_shown_the_home_as_the_address_that_was_consented_to(
    network: Network, sam: Viewer, case_id: UUID
) -> None:
    person = person_of(network, sam, case_id)
    with network.sql.begin() as connection:
        PersonStore(Within(connection, network.vault)).change(person, KNOWN | {"home": "Dulongghat"}, ())
    shown = {}
    for fields in (["person.address"], ["person.name"]):
        referral = uuid4()
        network.add(
            "referral", id=referral, case_id=case_id, unit_id=sam.unit_ids[0], kind="referral", status="accepted",
            fields=fields, persons=[person], sent_at=START,
        )  # fmt: skip
        shown[fields[0]] = [(line.label, line.text) for line in network.ask_all(partner_page, referral, "").lines]
    assert shown == {
        "person.address": [("Person 1: address", "Dulongghat")],
        "person.name": [("Person 1: name", "Kamala")],
    }


def test_a_grant_of_no_persons_shows_no_page_of_them(
    network: Network, sam: Viewer, partner: Viewer, case_id: UUID
) -> None:
    person = person_of(network, sam, case_id)
    for fields in ([], ["case.*"]):
        network.grant(case_id, partner.unit_ids[0], fields=fields)
        with pytest.raises(NotFoundError):
            network.ask(person_page, partner, case_id, person)


def test_a_link_is_shown_to_the_own_unit_alone_and_with_a_number_to_who_sees_that_case(
    network: Network, sam: Viewer, partner: Viewer, case_id: UUID
) -> None:
    other = network.open_case(partner.unit_ids[0], victims=1, number="C-THERE")
    for viewer in (sam, partner):
        with pytest.raises(NotFoundError):
            network.ask(case_links, viewer, uuid4())
    network.add(
        "case_link", id=uuid4(), case_id=case_id, other_case_id=other, unit_id=sam.unit_ids[0], kind="same_event",
        asked_at=START, held_items=[],
    )  # fmt: skip
    assert [(link.number, link.case_id) for link in network.ask(case_links, sam, case_id)] == [("another case", None)]
    assert [link.number for link in network.ask(case_links, partner, other)] == ["another case"]
    network.grant(case_id, partner.unit_ids[0], fields=["case.*"])
    assert network.ask(case_links, partner, case_id) == ()
    assert [link.number for link in network.ask(case_links, partner, other)] == ["C-HOME"]
    with pytest.raises(NotFoundError):
        network.ask(case_links, network.actor("Ada", sam.unit_ids[0], "system_administrator"), case_id)


ONE, TWO = UUID(int=1), UUID(int=2)
names = st.lists(st.sampled_from(["Kamala", "कमला", "কমলা", "Kamla Devi", "Moni", "ကမလာ"]), min_size=1, unique=True)


def test_the_first_name_is_the_name_and_further_ones_are_other_names_once() -> None:
    known = with_name(with_name(with_name({}, "कमला"), "Kamala"), "Kamala")
    assert known == {"name": "कमला", "aliases": ["Kamala"]}
    assert with_name(known, "कमला") == known


def test_a_name_that_is_corrected_stays_among_the_other_names_and_the_rest_stays_as_it_was() -> None:
    known = {"name": "Moni", "aliases": ["M"], "phone": "123", "ages": [{"youngest": 3}]}
    assert written_over(known, {"name": "Monira"}) == {**known, "name": "Monira", "aliases": ["M", "Moni"]}
    assert written_over(known, {"phone": "456"}) == {**known, "phone": "456"}
    assert written_over(known, {"name": "Moni", "aliases": ["Moni", "Mon"]}) == {**known, "aliases": ["M", "Mon"]}


def test_an_age_of_each_source_is_kept_and_the_same_one_once() -> None:
    school = AgeRange(youngest=14, oldest=14, source=AgeSource.SCHOOL, as_of=date(2026, 3, 1))
    looks = school.model_copy(update={"source": AgeSource.APPEARANCE, "oldest": 18})
    known = with_age(with_age(with_age({"name": "A"}, school), looks), school)
    assert [entry["source"] for entry in known["ages"]] == ["appearance", "school"]


def test_who_is_confirmed_gives_the_name_and_who_is_ruled_out_is_not_found_any_more() -> None:
    known = with_candidate(with_candidate({"name": "Girl in red"}, ONE, {"name": "Moni"}), TWO, {"name": "Farida"})
    tokens = NameTokens().tokens
    assert set(tokens({"name": "Moni"})) | set(tokens({"name": "Farida"})) < set(tokens(known))
    ruled_out = settled(known, ONE, RULED_OUT)
    assert ruled_out is not None
    assert not set(tokens({"name": "Moni"})) & set(tokens(ruled_out))
    confirmed = settled(ruled_out, TWO, CONFIRMED)
    assert (confirmed["name"], confirmed["aliases"]) == ("Farida", ["Girl in red"])
    assert [one["status"] for one in candidates_of(confirmed)] == [RULED_OUT, CONFIRMED]
    assert settled(known, UUID(int=9), CONFIRMED) is None


@given(names, st.data())
def test_a_person_who_is_parted_has_every_name_once(known: list[str], data: st.DataObject) -> None:
    taken = data.draw(st.lists(st.sampled_from(known), unique=True))
    first, second = parted({"name": known[0], "aliases": known[1:], "phone": "1", "ages": []}, taken)
    assert sorted((*names_of(first), *names_of(second))) == sorted(known)
    assert set(names_of(second)) == set(taken)
    assert first.get("phone") == "1"
