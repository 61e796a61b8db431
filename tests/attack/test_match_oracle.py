"""Attack: find out by planted names which unit knows a person: by an alert, a count, a page or stolen tokens."""

from collections import Counter
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.core.matching import FACTS_NEEDED, PROBES_A_DAY, PROBES_KEPT, STRONG_FACTS, Agreement, facts_of
from engine.core.policy import Viewer
from engine.core.records import PersonRole
from engine.course.actions.steer import add_person, identify_person
from engine.errors import AlreadyEndedError, NotAllowedError, NotFoundError
from engine.messages.views import notices
from engine.overview.views.case import case_page
from engine.overview.views.history import case_history
from engine.persons.actions.matches import answer_match, find_matches
from engine.persons.match_store import MatchStore
from engine.persons.store import PersonStore
from engine.sharing.views.sharing import matches
from engine.sharing.views.sharing import probes as probes_view
from engine.sign_in.actions.account import forget_sign_ins
from tests.kit.world import World

WAYS = ("in-app", "e-mail")

GIRL = {
    "name": "Rahima Khatun", "phone": "+91 98640-12345", "home": "Bagdogra, Darjeeling", "parents": ["Karim Sheikh"],
    "ages": [{"youngest": 14, "oldest": 14, "source": "school", "as_of": "2026-03-01"}],
}  # fmt: skip


def known_there(world: World) -> UUID:
    """Let the other unit know her first; returns its case."""
    theirs = world.open(unit_id=world.other_unit, viewer=world.other("intake_officer"))
    write(world, theirs.case_id, world.other("caseworker"), GIRL)
    find_matches(world.engine)
    world.later(hours=1)
    return theirs.case_id


def plant(world: World, identity: dict[str, Any]) -> UUID:
    """Write somebody down in a case of one's own, who is compared; returns the case."""
    mine = world.open()
    write(world, mine.case_id, world.who("caseworker"), identity)
    find_matches(world.engine)
    return mine.case_id


def write(world: World, case_id: UUID, viewer: Viewer, identity: dict[str, Any]) -> None:
    person = world.state(case_id).persons[0].person_id
    world.act(identify_person, person, case_id=case_id, by=viewer, identity=identity)


def told(world: World, *kinds: str) -> set[UUID]:
    found = world.rows("SELECT recipient_id FROM message WHERE kind = ANY(:kinds)", kinds=list(kinds))
    return {row.recipient_id for row in found}


def asker_knows(world: World) -> list[object]:
    """Return all that any lead of the unit that asks is shown of it."""
    shown = [world.engine.ask(matches, world.who(role)) for role in ("supervisor", "case_manager")]
    shown += [world.engine.ask(notices, world.who("supervisor"), limit=50)]
    return [one for some in shown for one in some if getattr(one, "kind", "match") != "assigned"]


@pytest.mark.parametrize(
    "one_fact",
    [
        {"name": GIRL["name"]}, {"name": "Somebody Else", "phone": GIRL["phone"]}, {"phone": GIRL["phone"]},
        {"name": "Rahima Das", "home": "Siliguri"}, {"home": GIRL["home"]},
    ],
)  # fmt: skip
def test_one_fact_alone_alerts_nobody(world: World, one_fact: dict[str, Any]) -> None:
    known_there(world)
    plant(world, one_fact)
    assert world.rows("SELECT id FROM match_alert") == []
    assert told(world, "match_found", "match_answered", "pattern_found") == set()


@pytest.mark.parametrize("second", ["phone", "home", "parents", "ages"])
def test_two_strong_facts_are_told_to_the_unit_that_knows_and_to_nobody_of_the_one_that_asks(
    world: World, second: str
) -> None:
    theirs = known_there(world)
    plant(world, {"name": GIRL["name"], second: GIRL[second]})
    [question] = world.engine.ask(matches, world.other("supervisor"))
    assert (question.case_id, question.is_question, question.unit) == (theirs, True, "Unit IN (Here)")
    assert told(world, "match_found") <= {world.other(role).actor_id for role in (
        "case_manager", "supervisor", "nodal_officer", "safeguarding_lead")}  # fmt: skip
    assert told(world, "match_found")
    assert asker_knows(world) == []


def test_which_facts_are_strong_is_data_and_two_of_one_kind_are_one() -> None:
    assert FACTS_NEEDED == 2
    assert set(STRONG_FACTS) == {"name", "phone", "handle", "account", "vehicle", "home", "parent", "year of birth"}
    assert facts_of(Agreement({"name": 1, "name_sound": 1, "name_run": 1, "name_part": 1})) == {"name"}
    assert facts_of(Agreement({"name_part": 1, "part_area": 1, "part_born": 1})) == frozenset()
    assert facts_of(Agreement({"name": 1, "part_year": 1})) == {"name", "year of birth"}


def test_no_answer_a_no_and_nobody_who_knows_look_the_same_to_who_asks(world: World) -> None:
    """What the asker's unit is shown, told and has in its rows: the same for a miss, silence and a no."""
    known_there(world)
    seen = []
    for identity, answer in (({"name": "Sita Tamang", "phone": "+977 98410 00000"}, ""), (GIRL, ""), (GIRL, "no")):
        case_id = plant(world, {"name": identity["name"], "phone": identity["phone"]})
        if answer:
            [question, *_] = [
                one for one in world.engine.ask(matches, world.other("supervisor")) if not one.answered_at
            ]  # fmt: skip
            answer_match(world.engine, question.id, viewer=world.other("supervisor"), answer=answer)
        history = [one.type for one in world.engine.ask(case_history, world.who("supervisor"), case_id)]
        page = world.engine.ask(case_page, world.who("supervisor"), case_id)
        mine = world.rows("SELECT count(*) FROM match_alert WHERE unit_id = :u", u=world.unit)[0][0]
        probes = [(one.compared, one.held) for one in world.engine.ask(probes_view, world.who("safeguarding_lead"))]
        seen.append((asker_knows(world), history, page.findings, page.facts, mine, len(probes)))
    assert seen[0] == seen[1] == seen[2]


def test_only_a_yes_is_told_to_who_asks_and_names_whom_to_call_and_no_case(world: World) -> None:
    theirs = known_there(world)
    mine = plant(world, GIRL)
    [question] = world.engine.ask(matches, world.other("supervisor"))
    world.refuses(NotAllowedError, answer_match, question.id, by=world.other("caseworker"), answer="yes")
    with pytest.raises(NotFoundError) as real:
        answer_match(world.engine, question.id, viewer=world.who("supervisor"), answer="yes")
    with pytest.raises(NotFoundError) as made_up:
        answer_match(world.engine, uuid4(), viewer=world.who("supervisor"), answer="yes")
    assert str(real.value) == str(made_up.value)
    assert asker_knows(world) == []
    for _ in range(2):
        answer_match(world.engine, question.id, viewer=world.other("supervisor"), answer="yes")
    world.refuses(AlreadyEndedError, answer_match, question.id, by=world.other("supervisor"), answer="no")
    [found] = world.engine.ask(matches, world.who("supervisor"))
    assert (found.case_id, found.unit, found.is_question) == (mine, "Unit IN (There)", False)
    assert str(theirs) not in found.model_dump_json()
    assert told(world, "match_answered") == {world.who(role).actor_id for role in (
        "case_manager", "supervisor", "nodal_officer", "safeguarding_lead")}  # fmt: skip


def test_whoever_knew_her_first_is_asked_whoever_writes_again(world: World) -> None:
    """A planted name is later than hers: nothing that the other unit adds to her tells the planter."""
    theirs = known_there(world)
    plant(world, {"name": GIRL["name"], "phone": GIRL["phone"]})
    write(world, theirs, world.other("caseworker"), {"home": "Kurseong, Darjeeling"})
    find_matches(world.engine)
    assert {row.unit_id for row in world.rows("SELECT unit_id FROM match_alert")} == {world.other_unit}
    assert asker_knows(world) == []


def test_a_number_alone_is_no_pattern_for_who_plants_it_twice(world: World) -> None:
    theirs = world.open(unit_id=world.other_unit, viewer=world.other("intake_officer"))
    suspect(world, theirs.case_id, world.other("caseworker"), {"phone": "+91 98640-12345"})
    for _ in range(3):
        suspect(world, world.open().case_id, world.who("caseworker"), {"phone": "+91 98640-12345"})
    find_matches(world.engine)
    assert world.rows("SELECT id FROM match_alert") == []
    assert world.other("supervisor").actor_id not in told(world, "pattern_found")
    own = world.rows("SELECT body FROM message WHERE kind = 'pattern_found' AND recipient_id = :a",
                     a=world.who("supervisor").actor_id)  # fmt: skip
    assert len(own) == len(WAYS), "its own three cases are told to it once, and only these"


def suspect(world: World, case_id: UUID, viewer: Viewer, identity: dict[str, Any]) -> None:
    world.act(add_person, case_id, by=viewer, role=PersonRole.SUSPECT, identity=identity)


def test_what_is_compared_is_counted_limited_and_shown_to_who_watches_and_waits_for_the_next_day(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_there(world)
    monkeypatch.setitem(PROBES_A_DAY, "person", 3)  # type: ignore[index]
    for number in range(5):
        plant(world, {"name": f"Planted Name{'abcde'[number]}", "phone": f"+91 90000 0000{number}"})
    last = plant(world, GIRL)
    assert world.rows("SELECT id FROM match_alert") == []
    [line] = [one for one in world.engine.ask(probes_view, world.who("safeguarding_lead")) if one.held]
    assert (line.actor, line.compared, line.held) == (world.who("caseworker").name, 3, 3)
    for role in ("caseworker", "supervisor", "case_manager"):
        with pytest.raises(NotAllowedError):
            world.engine.ask(probes_view, world.who(role))
    assert world.engine.ask(probes_view, world.other("safeguarding_lead")) != (line,)
    watching = {world.who(role).actor_id for role in ("safeguarding_lead", "data_protection_officer")}
    assert told(world, "match_limit") == watching
    assert Counter(
        row.recipient_id for row in world.rows("SELECT recipient_id FROM message WHERE kind = 'match_limit'")
    ) == Counter(dict.fromkeys(watching, len(WAYS)))
    world.later(hours=24)
    find_matches(world.engine)
    [question] = world.engine.ask(matches, world.other("supervisor"))
    assert question.is_question, "nothing is lost: who had to wait is compared on the next day"
    assert world.rows("SELECT about_case_id FROM match_alert")[0][0] == last


def test_counts_of_comparisons_are_forgotten_after_their_time_and_never_those_of_today(world: World) -> None:
    known_there(world)
    plant(world, GIRL)
    world.rows("UPDATE match_probe SET day = :day", day=(world.clock.now() - PROBES_KEPT).date())
    forget_sign_ins(world.engine)
    assert world.rows("SELECT count(*) FROM match_probe")[0][0] > 0, "the last day on which they are kept"
    world.later(hours=24)
    forget_sign_ins(world.engine)
    assert world.rows("SELECT count(*) FROM match_probe")[0][0] == 0
    world.rows("INSERT INTO match_probe SELECT id, :who, current_date - 1, 40, 0 FROM unit LIMIT 1", who=uuid4())
    assert world.of(MatchStore).forget_probes(before=date(2999, 1, 1)) == 0, "what the limits count stays"


def test_a_whole_unit_has_a_limit_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    known_there(world)
    monkeypatch.setitem(PROBES_A_DAY, "unit", 2)  # type: ignore[index]
    for number, role in enumerate(("caseworker", "case_manager", "supervisor")):
        case_id = world.open().case_id
        write(
            world, case_id, world.who(role), {"name": f"Other Name{'abc'[number]}", "phone": f"+91 90000 0010{number}"}
        )
        find_matches(world.engine)
    assert sum(one.held for one in world.engine.ask(probes_view, world.who("data_protection_officer"))) == 1


def test_tokens_of_two_units_are_never_alike_so_a_planted_name_tests_nothing(world: World) -> None:
    """With the whole database and a case of one's own: no token of hers is among those of the same name planted."""
    theirs = known_there(world)
    mine = plant(world, GIRL)
    for table in ("person_token", "search_token"):
        tokens = {
            case: {bytes(row.token) for row in world.rows(
                f"SELECT token FROM {table} t JOIN case_person c USING (person_id) WHERE c.case_id = :c", c=case)}
            for case in (theirs, mine)
        }  # fmt: skip
        assert tokens[theirs]
        assert len(tokens[theirs]) == len(tokens[mine])
        assert not tokens[theirs] & tokens[mine], table


def test_no_token_is_made_without_the_key_by_whatever_the_application_may_ask_the_database(world: World) -> None:
    """No function of the database makes one, and no hash of what is known of her by what stands in it is one."""
    known_there(world)
    tokens = {
        bytes(row.token) for row in world.rows("SELECT token FROM person_token UNION SELECT token FROM search_token")
    }
    values = {f"{kind}\0{value}".encode() for kind, value in world.engine.fingerprints.tokens(GIRL)}
    stored = world.rows("SELECT wrapped FROM data_key WHERE wrapped IS NOT NULL")
    ids = [row.id.bytes for row in world.rows("SELECT id FROM unit UNION SELECT id FROM organisation")]
    keys = [b"", *ids, *(bytes(row.wrapped)[-32:] for row in stored)]
    guesses = {sha256(key + value).digest()[:16] for key in keys for value in values}
    assert not guesses & tokens
    found = world.rows("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
    assert not {row.proname for row in found if "token" in row.proname or "blind" in row.proname}


def test_a_stolen_token_that_is_put_to_a_person_of_ones_own_finds_nobody_planted(world: World) -> None:
    """With the application's rights on rows: hers are copied to a planted person, and the name is planted beside it."""
    theirs = known_there(world)
    decoy = world.state(plant(world, {"name": "Decoy Person", "phone": "+91 90000 00099"})).persons[0].person_id
    named = plant(world, {"name": GIRL["name"], "phone": GIRL["phone"]})
    world.rows("DELETE FROM match_alert RETURNING id")
    world.rows(
        "INSERT INTO person_token (person_id, kind, token, key_id, unit_id) SELECT :decoy, kind, token, key_id,"
        " t.unit_id FROM person_token t JOIN case_person c USING (person_id) WHERE c.case_id = :theirs"
        " ON CONFLICT DO NOTHING RETURNING kind", decoy=decoy, theirs=theirs,
    )  # fmt: skip
    with world.engine.transaction() as tx:
        case_of_decoy = next(
            row.case_id for row in world.rows("SELECT case_id FROM case_person WHERE person_id = :d", d=decoy)
        )
        alike = tx.of(PersonStore).matches((decoy,), case_id=case_of_decoy)
        person = world.state(named).persons[0].person_id
        from_name = tx.of(PersonStore).matches((person,), case_id=named)
    assert person not in {one.person_id for one in alike}
    assert decoy not in {one.person_id for one in from_name}
    world.rows("INSERT INTO match_check (person_id, asked_at) VALUES (:d, now()) RETURNING person_id", d=decoy)
    find_matches(world.engine)
    assert asker_knows(world) == []


def test_a_day_is_that_of_the_unit(world: World) -> None:
    plant(world, GIRL)
    [line] = [one for one in world.engine.ask(probes_view, world.who("safeguarding_lead")) if one.actor != "The system"]
    zone_day = (world.clock.now() + timedelta(hours=5, minutes=30)).date()
    assert line.day == zone_day
