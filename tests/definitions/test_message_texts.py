"""Texts of messages on their pages: looked at, changed in a draft, agreed to by another, sent, and gone back from."""

import json
import re
from html import unescape
from uuid import uuid4

import pytest

from engine.audit.commands import _ailments
from engine.definitions.actions.proposals import propose_definition
from engine.definitions.views import definition
from engine.definitions.views import versions as versions_view
from engine.language.findings import DefinitionError
from engine.language.texts import MessageText
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP, message_id
from engine.messages.text_rules import sms_parts
from engine.people.store import DirectoryStore
from tests.kit.portal import Portal, agree

pytestmark = pytest.mark.long

NAME = "role_given.hi"
RELIEVED, HANDED_OVER = "relieved.hi", "handed_over.hi"
OURS = "Subject: ICMC: {{ unit }} में नई भूमिका\n\n{{ unit }} में किसी को भूमिका दी गई है।\n\nदेखें: {{ link }}"
OTHER = OURS.replace("दी गई है", "मिली है")


def draft_of(name: str) -> str:
    return f"/definitions/message/{name}/draft"


HERE = draft_of("erase_copy.hi")


def told(portal: Portal, name: str) -> tuple[str, str]:
    """Tell somebody in a language, and return subject and text as they are kept."""
    person, rule = portal.people["supervisor"], str(uuid4())
    kind, _, language = name.partition(".")
    portal.rows("UPDATE actor SET language = :language WHERE id = :id", language=language, id=person.actor_id)
    engine = portal.engine
    with engine.transaction() as tx:
        known, unit = tx.of(DirectoryStore).actor(person.actor_id), tx.of(DirectoryStore).unit(portal.unit)
        assert known is not None
        notify_of_system(
            engine, tx, kind=kind, rule=rule, people=[known], channels=(IN_APP, EMAIL), link="/people",
            now=engine.clock.now(), unit=unit,
        )  # fmt: skip
        tx.commit()
    id_ = message_id(person.actor_id, f"-|{rule}|{person.actor_id}|{EMAIL}")
    [row] = portal.rows("SELECT subject, body FROM message WHERE id = :id", id=id_)
    return row["subject"], row["body"]


def publish(portal: Portal, name: str, text: str) -> None:
    client = portal.as_role("case_manager")
    client.post(draft_of(name), data={"action": "save", "text": text})
    assert "waiting for a second person" in client.post(draft_of(name), data={"action": "propose"}).text
    agree(portal)


def test_every_kind_is_listed_in_each_language_with_what_nobody_has_proofread(portal: Portal) -> None:
    client = portal.as_role("caseworker")
    page = client.get("/definitions/message").text
    kinds = portal.engine.renderer.kinds()
    listed = re.findall(r'<td><a class="govuk-link" href="/definitions/message/([^"]*).en"', page)
    assert sorted(listed) == list(kinds)
    of_cases = page.partition("About people, sign-in and the system")[0]
    assert "message/overdue.en" in of_cases
    assert "message/sign_in_code.en" not in of_cases
    assert f"Hindi ({len(kinds)} not proofread)" in page
    assert f"Assamese ({len(kinds)} not proofread)" in page
    assert "Not proofread</strong>" not in page
    hindi = client.get("/definitions/message?language=hi").text
    assert hindi.count("Not proofread</strong> It is not sent.") == len(kinds)
    assert "None: another language is sent" not in client.get("/definitions/message?language=as").text
    one = client.get("/definitions/message/overdue.hi").text
    for language in ("English", "Hindi", "Bengali", "Assamese", "Nepali", "Burmese"):
        assert f'<section aria-label="{language}">' in one
    assert "Change it" not in one
    assert client.get(HERE).status_code == 403
    assert client.post(HERE, data={"action": "save", "text": OURS}).status_code == 403
    assert client.get("/definitions/message/overdue.kha").status_code == 404
    assert client.get("/definitions/message/no_such.hi").status_code == 404


def test_a_text_is_changed_agreed_to_sent_and_gone_back_from(portal: Portal) -> None:
    shipped = told(portal, NAME)
    assert "Someone was given a role" in shipped[1], "the draft of the release in Hindi is not sent"
    client, here = portal.as_role("case_manager"), draft_of(NAME)
    client.post(here, data={"action": "save", "text": OURS, "proofread": "yes"})
    page = unescape(client.get(here).text)
    assert "Now said: “{{ unit }} में किसी को भूमिका दी गई है।”" in page
    assert "Unit One में किसी को भूमिका दी गई है।" in page, "read with invented values"
    assert told(portal, NAME) == shipped, "nothing is sent by a draft"
    asked = client.post(here, data={"action": "propose"})
    assert client.post(asked.url.path, data={"answer": "yes"}).status_code == 422
    assert "Unit One में किसी को भूमिका दी गई है।" in portal.as_role("nodal_officer").get(asked.url.path).text
    assert told(portal, NAME) == shipped
    agree(portal)
    subject, body = told(portal, NAME)
    assert subject.endswith("में नई भूमिका")
    assert "में किसी को भूमिका दी गई है।\n\nदेखें: http" in body
    first = portal.engine.ask_all(definition, "message", NAME, None)
    assert portal.rows("SELECT id FROM recount") == [], "no deadline is counted by a message"
    publish(portal, NAME, OTHER)
    assert "मिली है" in told(portal, NAME)[1]
    went = client.post(f"/definitions/message/{NAME}/versions", data={"version": "1"})
    assert went.url.path.startswith("/waiting/")
    agree(portal)
    now = portal.engine.ask_all(definition, "message", NAME, None)
    assert (now.version, now.content_hash) == (3, first.content_hash)
    assert told(portal, NAME)[0] == subject
    by = portal.people["nodal_officer"].name
    assert [one.approver for one in portal.engine.ask_all(versions_view, "message", NAME)] == [by] * 3


def test_the_text_of_the_release_is_taken_again_and_followed(portal: Portal) -> None:
    shipped = told(portal, RELIEVED)
    publish(portal, RELIEVED, OURS)
    client = portal.as_role("case_manager")
    client.post(draft_of(RELIEVED), data={"action": "release"})
    client.post(draft_of(RELIEVED), data={"action": "propose"})
    agree(portal)
    assert told(portal, RELIEVED) == shipped
    assert RELIEVED not in portal.engine.library().messages
    assert portal.engine.ask_all(definition, "message", RELIEVED, None).source == f"message: {RELIEVED}\nversion: 1\n"


def test_the_text_of_the_release_saved_as_it_is_changes_nothing(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    text = portal.engine.renderer.shipped("match_found.hi").replace("\n", "\r\n")
    page = client.post(draft_of("match_found.hi"), data={"action": "save", "text": text}).text
    assert "Nothing yet: what is sent stays as it is." in page
    assert "Undo the last change" not in page


REFUSED = {
    OURS.replace("unit", "person_name"): "uses person_name, which a message cannot",
    OURS.replace("unit", "count"): "uses count, which this one does not have",
    OURS.replace("{{ unit }}", "{{ unit|upper }}"): "uses filter, which a message cannot",
    OURS + "{% for one in unit %}{{ unit }}{% endfor %}": "uses for, which a message cannot",
    OURS + "{% include 'x' %}": "uses include, which a message cannot",
    OURS + "{% if unit > 2 %}!{% endif %}": "it can compare texts with texts only",
    OURS.replace("{{ link }}", "{% if unit %}{{ link }}{% endif %}"): "does not always say {{ link }}",
    OURS.replace("Subject: ", ""): "has no subject",
    OURS + "\n९८७६५ ४३२१०": "holds a long number",
    OURS + "\nCall +91 98765-43210": "holds a long number",
    OURS + "\nasha@example.org": "holds an e-mail address",
    OURS + "\nhttps://example.org/x": "holds a link of its own",
    OURS + "{% if %}": "cannot be read as a template",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_text_that_could_lead_to_a_person_or_not_be_sent_is_refused_with_what_to_do(
    portal: Portal, text: str
) -> None:
    client = portal.as_role("case_manager")
    client.post(HERE, data={"action": "save", "text": text})
    page = unescape(client.get(HERE).text)
    assert "The message erase_copy.hi " in page
    assert REFUSED[text] in page
    assert "It was not proposed" in client.post(HERE, data={"action": "propose"}).text
    with pytest.raises(DefinitionError):
        propose_definition(
            portal.engine,
            source=MessageText(message="erase_copy.hi", text=text).as_source(),
            viewer=portal.people["case_manager"],
        )


def test_what_may_name_a_place_or_a_person_is_doubted_and_a_helpline_stays(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    client.post(HERE, data={"action": "save", "text": f"{OURS}\nवह गाँव में है, Mrs A. 1098"})
    page = client.get(HERE).text
    assert "seems to name a place" in page
    assert "seems to name a person" in page
    assert "holds a long number" not in page
    assert client.post(HERE, data={"action": "propose"}).url.path.startswith("/waiting/")


def test_a_text_that_is_too_long_is_not_kept_but_shown_again(portal: Portal) -> None:
    done = portal.as_role("case_manager").post(HERE, data={"action": "save", "text": OURS + "x" * 2000})
    assert done.status_code == 422
    assert "x" * 2000 in done.text
    assert "x" * 2000 not in portal.as_role("case_manager").get(HERE).text


def test_a_published_text_that_cannot_be_used_stops_no_message(portal: Portal) -> None:
    shipped = told(portal, HANDED_OVER)
    text = "Subject: {{ gone }} {% broken"
    portal.rows(
        "INSERT INTO definition_version (id, kind, name, version, title, status, content_hash, source, flattened,"
        " author, created_at, published_at) VALUES (gen_random_uuid(), 'message', :name, 1, 'x', 'published', 'x',"
        " :source, :flattened, 'x', now(), now())",
        name=HANDED_OVER, source=MessageText(message=HANDED_OVER, text=text).as_source(),
        flattened=json.dumps({"message": HANDED_OVER, "text": text}),
    )  # fmt: skip
    portal.engine.refresh_definitions()
    assert "{% broken" in portal.engine.library().messages[HANDED_OVER]
    assert told(portal, HANDED_OVER) == shipped
    [ailment] = [one for one in _ailments(portal.engine) if one.code == "message-set-aside"]
    assert f"the message {HANDED_OVER} cannot be read as a template: the English is sent instead" in ailment.problem
    page = portal.as_role("case_manager").get(f"/definitions/message/{HANDED_OVER}").text
    assert "The English text is sent instead" in page
    assert "Cannot be used" in portal.as_role("case_manager").get("/definitions/message?language=hi").text


def test_a_text_that_nobody_has_proofread_gives_way_to_one_that_was(portal: Portal) -> None:
    client, here = portal.as_role("case_manager"), draft_of("role_given.as")
    assert f'href="{here}"' in client.get("/definitions/message/role_given.en").text
    client.post(here, data={"action": "save", "text": "Subject: ICMC: নতুন ভূমিকা\n\nচাওক: {{ link }}", "proofread": "yes"})
    client.post(here, data={"action": "propose"})
    agree(portal)
    assert told(portal, "role_given.as")[0] == "ICMC: নতুন ভূমিকা"
    drafts = len(portal.engine.renderer.kinds()) - 1
    assert f"Assamese ({drafts} not proofread)" in client.get("/definitions/message").text


@pytest.mark.parametrize(("text", "parts"), [
    ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2), ("क" * 70, 1),
    ("क" * 71, 2), ("a" * 134 + "क", 3), ("", 1), ("😀" * 35, 1), ("😀" * 36, 2),
])  # fmt: skip
def test_an_sms_is_counted_in_parts_by_its_alphabet(text: str, parts: int) -> None:
    assert sms_parts(text) == parts


def test_the_texts_of_the_release_keep_to_what_a_changed_text_must(portal: Portal) -> None:
    renderer = portal.engine.renderer
    texts = {name: renderer.shipped(name) for one in ("en", "hi", "bn", "as", "ne", "my")
             for name in (f"{kind}.{one}" for kind in renderer.kinds())}  # fmt: skip
    found = {name: renderer.problems(name, text) for name, text in texts.items() if text}
    assert len(found) > 100
    assert {name: problems for name, problems in found.items() if problems} == {}
    assert all(renderer.shown(name, texts[name]) for name in found)
