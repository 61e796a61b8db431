"""Every kind of message, through a real mail server: what is said, in which language and zone, and what never is."""

import email
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage, Message
from email.policy import default
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.cases.store import CaseStore
from engine.course.actions.steer import add_step
from engine.definitions.actions.proposals import answer_proposal, propose_definition
from engine.language.texts import MessageText
from engine.messages.actions.delivering import deliver_unattended
from engine.messages.actions.notifying import notify, notify_of_system, title_of_step
from engine.messages.actions.writing import hash_of_link, token_of_link
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore
from tests.kit.servers import Mail, mail_server
from tests.kit.trial import CANARY
from tests.kit.world import START, World, with_channels

pytestmark = pytest.mark.long

TITLE = "Look"
OF_A_CASE = {
    "answered": ("your referral was answered", "has answered your referral in case {number}"),
    "approval": ("your approval is needed", "Look in case {number} was answered and is waiting for a second person"),
    "appointment": ("for your calendar", "An appointment of case {number} is set: Look"),
    "assigned": ("new work for you", "waiting for you in case {number}: Look"),
    "due_soon": ("due soon", "Look in case {number} should be done by {due}"),
    "escalated": ("your attention is needed (level 2)", "Look in case {number} needs your attention (level 2)"),
    "extension_answered": ("your request for more time was answered", "more time for Look in case {number}"),
    "extension_asked": ("more time is requested", "more time for Look in case {number}"),
    "overdue": ("overdue", "Look in case {number} was due by {due} and is not done yet"),
    "reassigned": ("work has changed hands", "Look in case {number} has changed hands"),
    "referral_ready": ("a referral can be sent", "Nothing has been sent: please check it"),
    "referred": ("a referral is waiting for your answer", "accept it, or decline with a reason, by {due}"),
    "rung": ("it was recorded that you are dealing with it", "Someone recorded that they rang you"),
    "to_telephone": ("please telephone a partner", "cannot be reached from here: please telephone them now"),
    "second_decided": ("your request was answered", "Case {number}: your request was answered"),
    "second_lapsed": (
        "no one answered your request",
        "Case {number}: no one answered your request in time. It was not carried out",
    ),
    "second_needed": (
        "something is waiting for a second person",
        "Answer by {due}; after that it will not be carried out",
    ),
    "returned": ("sent back to you", "Look in case {number} was reviewed by a second person and sent back"),
}
OF_THE_SYSTEM = {
    "new_device": ("ICMC: you signed in from a new browser", "from a browser that you had not used before"),
    "wrong_codes": ("ICMC: wrong codes for your account", "typed five wrong codes, so that sign-in has ended"),
    "sign_in_code": ("ICMC: a code to sign in", "It works once, for ten minutes"),
    "unusual_sign_in": ("ICMC: an unusual sign-in", "from which you had not signed in before"),
    "sign_in_changed": ("ICMC: how you sign in was changed", "all your sessions were ended"),
    "person_to_look_after": ("ICMC: an account needs your attention", "needs an administrator or a supervisor"),
    "role_given": ("ICMC: someone has a new role in your unit", "Someone was given a role in Unit IN (Here)"),
    "rules_changed": ("ICMC: a rule that your cases count by was changed", "one person proposed it"),
    "numbers_made": ("ICMC: your numbers of this month are ready", "They are on a page, not in this message"),
    "erase_copy": ("ICMC: please erase your copy", "had shared with yours was erased there"),
    "erasure_not_done": ("ICMC: an erasure was not carried out", "something now prevents it"),
    "erasure_asked": ("ICMC: an erasure is waiting for a second person", "Two people must agree"),
    "handed_over": ("ICMC: you are on call now", "on call now for Unit IN (Here)"),
    "relieved": ("ICMC: you are no longer on call", "Someone else is on call for Unit IN (Here) now"),
    "work_moved": ("ICMC: work was handed over", "Please look at what you have now"),
    "system_trouble": ("ICMC: the system needs a person", "needs a person"),
}


@pytest.fixture
def mail() -> Iterator[Mail]:
    with mail_server() as served:
        yield served


def _mailing(world: World, mail: Mail) -> World:
    return with_channels(world, email=mail.channel())


def _person(world: World, role: str = "caseworker") -> ActorRecord:
    found = world.of(DirectoryStore).actor(world.who(role).actor_id)
    assert found is not None
    return found


def _tell(world: World, case_id: UUID, kind: str, **more: Any) -> None:
    with world.engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        wanted: dict[str, Any] = {
            "rule": f"{kind}|1", "people": [_person(world)], "channels": (IN_APP, EMAIL), "step_title": TITLE,
            "due_at": START, "link": f"/cases/{case_id}", "now": world.clock.now(), "level": 2,
        }  # fmt: skip
        notify(world.engine, tx, state, kind=kind, **(wanted | more))
        tx.commit()


def _parsed(message: Message) -> EmailMessage:
    read = email.message_from_bytes(message.as_bytes(), policy=default)
    assert isinstance(read, EmailMessage)
    return read


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content())


def _only(mail: Mail) -> EmailMessage:
    [message] = mail.taken
    return _parsed(message)


@pytest.mark.parametrize("kind", sorted(OF_A_CASE))
def test_a_message_about_a_case_says_what_it_is_and_leads_there_in_text_and_html(
    world: World, mail: Mail, kind: str
) -> None:
    world = _mailing(world, mail)
    case_id = world.at_look().case_id
    number = world.state(case_id).case.number
    _tell(world, case_id, kind)
    deliver_unattended(world.engine)
    message = _only(mail)
    subject, said = OF_A_CASE[kind]
    text, html = _part(message, "plain"), _part(message, "html")
    assert message["Subject"] == f"Case {number}: {subject}"
    assert message["To"] == _person(world).email
    assert said.format(number=number, due="07 Mar 2026, 11:30 (Asia/Kolkata)") in text
    link = f"{world.engine.portal_url}/cases/{case_id}"
    assert f"Open it: {link}\n" in text
    assert f'<a href="{link}"' in html
    assert said.format(number=number, due="07 Mar 2026, 11:30 (Asia/Kolkata)") in unescape(html)
    assert CANARY not in message.as_string()


@pytest.mark.parametrize("kind", sorted(OF_THE_SYSTEM))
def test_a_message_that_belongs_to_no_case_arrives_too(world: World, mail: Mail, kind: str) -> None:
    world = _mailing(world, mail)
    with world.engine.transaction() as tx:
        notify_of_system(
            world.engine, tx, kind=kind, rule="x", people=[_person(world)], channels=(EMAIL,), link="/board",
            now=world.clock.now(), unit=tx.of(DirectoryStore).unit(world.unit),
        )  # fmt: skip
        tx.commit()
    assert deliver_unattended(world.engine) == 1
    message = _only(mail)
    assert message["Subject"] == OF_THE_SYSTEM[kind][0]
    assert OF_THE_SYSTEM[kind][1] in _part(message, "plain")
    assert f'<a href="{world.engine.portal_url}/board"' in _part(message, "html")


def test_a_level_of_a_ladder_is_acknowledged_by_a_link_of_its_own_that_says_nothing(world: World, mail: Mail) -> None:
    world = _mailing(world, mail)
    case_id = world.at_look().case_id
    _tell(world, case_id, "escalated", escalation_id=uuid4())
    before = world.dump()
    deliver_unattended(world.engine)
    [message] = [row.id for row in world.rows("SELECT id FROM message WHERE link_hash IS NOT NULL")]
    token = token_of_link(world.engine, message)
    assert len(token) >= 22, "128 random bits"
    assert f"{world.engine.portal_url}/a/{token}\n" in _part(_only(mail), "plain")
    assert f'{world.engine.portal_url}/a/{token}"' in _part(_only(mail), "html")
    for secret in (str(case_id), str(message)):
        assert secret not in _part(_only(mail), "plain") + _part(_only(mail), "html")
    assert token not in before + world.dump(), "whoever reads the database has no link"


def test_a_second_try_sends_the_same_link_and_a_new_one_only_when_its_key_is_gone(world: World, mail: Mail) -> None:
    world = _mailing(world, mail)
    case_id = world.at_look().case_id
    _tell(world, case_id, "escalated", escalation_id=uuid4())
    deliver_unattended(world.engine)
    first = _part(_only(mail), "plain")
    mail.taken.clear()
    world.rows("UPDATE delivery SET status = 'waiting', next_at = :now WHERE channel = 'email'", now=world.clock.now())
    deliver_unattended(world.engine)
    assert _part(_only(mail), "plain") == first
    mail.taken.clear()
    world.rows("UPDATE message SET link_hash = 'of a key that is gone' WHERE link_hash IS NOT NULL")
    world.rows("UPDATE delivery SET status = 'waiting', next_at = :now WHERE channel = 'email'", now=world.clock.now())
    deliver_unattended(world.engine)
    [row] = world.rows("SELECT id, link_hash FROM message WHERE link_hash IS NOT NULL")
    token = token_of_link(world.engine, row.id)
    assert f"/a/{token}\n" in _part(_only(mail), "plain")
    assert row.link_hash == hash_of_link(token), "the link that was sent is the one that is known"


def test_a_person_reads_it_in_english_until_two_people_agreed_to_a_text_in_their_language(
    world: World, mail: Mail
) -> None:
    world = _mailing(world, mail)
    case_id = world.at_look().case_id
    number = world.state(case_id).case.number
    shipped = world.engine.renderer.shipped

    def told(language: str, kind: str) -> tuple[str, str]:
        world.change_actor(world.who("caseworker"), language=language)
        deliver_unattended(world.engine)
        mail.taken.clear()
        _tell(world, case_id, kind, rule=str(uuid4()), late_at=START + timedelta(days=2))
        deliver_unattended(world.engine)
        return _only(mail)["Subject"], _part(_only(mail), "plain")

    for language, kind in (("hi", "overdue"), ("as", "overdue"), ("ne", "escalated"), ("my", "due_soon")):
        assert shipped(f"{kind}.{language}"), "there is a draft"
        said, text = told(language, kind)
        assert said.startswith(f"Case {number}: ")
        assert "11:30 on 09 Mar 2026 (due from 07 Mar 2026, 11:30; Asia/Kolkata)" in text, "English whole"
    for name in ("overdue.hi", "overdue.bn", "escalated.ne", "due_soon.my"):
        _publish(world, name, shipped(name))
    for language, kind, said in (
        ("hi", "overdue", f"मामला {number}: समय बीत गया"),
        ("ne", "escalated", f"केस {number}: तपाईंको ध्यान चाहियो (तह 2)"),
        ("my", "due_soon", f"ကေ့စ် {number}: အချိန်ပြည့်တော့မည်"),
        ("as", "overdue", f"Case {number}: overdue"),
        ("hi", "assigned", f"Case {number}: new work for you"),
    ):
        assert told(language, kind)[0] == said
    assert "07 Mar 2026, 11:30 - 09 Mar 2026, 11:30" in told("hi", "overdue")[1], "no word of English in it"
    world.rows("UPDATE unit SET language = 'bn' WHERE id = :id", id=world.unit)
    assert told("kha", "overdue")[0] == f"কেস {number}: সময় পেরিয়ে গেছে"
    assert told("en", "overdue")[0] == f"Case {number}: overdue"


def _publish(world: World, name: str, text: str) -> None:
    source = MessageText(message=name, text=text).as_source()
    propose_definition(world.engine, source=source, viewer=world.who("case_manager"))
    [(subject,)] = world.rows("SELECT subject_id FROM approval_request WHERE answered_at IS NULL")
    answer_proposal(world.engine, UUID(str(subject)), viewer=world.who("nodal_officer"), approved=True)


@pytest.mark.parametrize(("zone", "said"), [
    ("Asia/Kathmandu", "07 Mar 2026, 11:45 (Asia/Kathmandu)"),
    ("Asia/Yangon", "07 Mar 2026, 12:30 (Asia/Yangon)"),
])  # fmt: skip
def test_a_due_time_is_said_in_the_zone_of_who_reads_it(world: World, mail: Mail, zone: str, said: str) -> None:
    world = _mailing(world, mail)
    case_id = world.at_look().case_id
    world.rows("UPDATE unit SET zone = :zone WHERE id = :id", zone=zone, id=world.other_unit)
    partner = world.of(DirectoryStore).actor(world.other("supervisor").actor_id)
    _tell(world, case_id, "overdue", people=[partner])
    deliver_unattended(world.engine)
    assert said in _part(_only(mail), "plain")


def test_what_somebody_typed_as_the_title_of_a_step_never_leaves(world: World) -> None:
    case_id = world.at_look().case_id
    step_id = world.act(
        add_step, case_id, by="case_manager", uses="trial.talk", title=f"Talk to {CANARY}", limit="PT1H"
    )
    state = world.state(case_id)
    assert title_of_step(world.engine, state, state.steps[step_id]) == "Talk"
    world.do_jobs()
    world.later(hours=2)
    world.fire()
    world.do_jobs()
    said = [" ".join(row) for row in world.rows("SELECT subject, body, html, link FROM message")]
    assert any("Talk in case" in text for text in said)
    assert not [text for text in said if CANARY in text]


def test_the_same_rule_tells_a_person_once(world: World, mail: Mail) -> None:
    world = _mailing(world, mail)
    case_id = world.at_look().case_id
    for _ in range(3):
        _tell(world, case_id, "overdue")
    deliver_unattended(world.engine)
    deliver_unattended(world.engine)
    assert len(mail.taken) == 1
