"""Words of papers on their pages: read, changed in a draft, agreed to by another, printed, and gone back from."""

import hashlib
import json
import re
from html import unescape
from io import BytesIO

import pytest
from pypdf import PdfReader

from engine.audit.commands import _ailments
from engine.definitions.actions.proposals import propose_definition
from engine.definitions.views import definition
from engine.definitions.views import versions as versions_view
from engine.documents.actions.papers import PLACES, specimen
from engine.documents.records import PaperPart
from engine.jobs.actions.run import run_job
from engine.jobs.actions.serve import claim_jobs, dispatchable
from engine.language.findings import DefinitionError
from engine.language.texts import PaperText, ReplacedWords
from tests.documents.test_papers import needs_pango
from tests.kit.portal import Portal, agree
from tests.web.test_changes import complete_intake

pytestmark = pytest.mark.long

SLIP, PLAN = "acknowledgement-slip", "safety-plan"
KEEP = "Keep this number. You need it when you call or come back. It does not reveal what you reported."
OURS = "Keep this number safe.\nइस संख्या को संभाल कर रखें: {case_number}."
OTHER = "Keep this number where nobody else looks."
REVIEW = "We look at this plan again on {review_on}, or at once if something changes."


def draft_of(name: str) -> str:
    return f"/definitions/document/{name}/draft"


def id_of(release: str) -> str:
    return f"w{hashlib.sha256(release.encode()).hexdigest()[:12]}"


def publish(portal: Portal, name: str, *said: tuple[str, str]) -> None:
    client = portal.as_role("case_manager")
    client.post(draft_of(name), data={"action": "save"} | {id_of(release): text for release, text in said})
    assert "waiting for a second person" in client.post(draft_of(name), data={"action": "propose"}).text
    agree(portal)


def printed(portal: Portal, name: str = SLIP, *, place: str = "IN") -> str:
    """Return a paper as it is printed now, with invented values."""
    return unescape(specimen(portal.engine, name, place=place, published=portal.engine.library().papers))


def slip_of_a_new_case(portal: Portal) -> str:
    """Report a case, let its slip be made by a job, and open it."""
    of_case, _ = complete_intake(portal)
    for batch in dispatchable(portal.engine, limit=50):
        for job in claim_jobs(portal.engine, batch_id=batch.id, worker="test", limit=100):
            run_job(portal.engine, job, flow_run_id=None, task_run_id=None, done_by="fallback")
    client = portal.as_role("caseworker")
    found = re.search(r'href="(/documents/[0-9a-f-]+)"', client.get(f"{of_case.page}/papers").text)
    assert found, "no paper was made"
    return unescape(client.get(found[1]).text)


def test_every_paper_is_listed_and_all_its_words_are_read_by_everybody_and_changed_by_few(portal: Portal) -> None:
    client = portal.as_role("caseworker")
    page = client.get("/definitions/document").text
    listed = re.findall(r'href="/definitions/document/([a-z0-9-]+)"', page)
    assert sorted(listed) == list(portal.engine.papers.names())
    assert len(listed) > 45
    one = unescape(client.get(f"/definitions/document/{PLAN}").text)
    for words in portal.engine.papers.words(PLAN):
        assert words.release in one
    assert "Change its words" not in one
    assert client.get(draft_of(PLAN)).status_code == 403
    assert client.get(f"/definitions/document/{PLAN}/preview?of=draft").status_code == 403
    assert client.post(draft_of(PLAN), data={"action": "save", id_of(KEEP): "x"}).status_code == 403
    assert client.get("/definitions/document/no-such").status_code == 404
    assert client.get("/definitions/document/_layout").status_code == 404


def test_words_are_changed_agreed_to_printed_and_gone_back_from(portal: Portal) -> None:
    client, here = portal.as_role("case_manager"), draft_of(SLIP)
    client.post(here, data={"action": "save", id_of(KEEP): OURS})
    page = unescape(client.get(here).text)
    assert f"No longer said: “{KEEP}”" in page
    assert "Now said: “Keep this number safe.”" in page
    preview = client.get(f"/definitions/document/{SLIP}/preview?of=draft")
    assert "<p>Keep this number safe.</p>\n<p>इस संख्या को संभाल कर रखें: K7M2-9QXD.</p>" in preview.text
    assert "script-src" not in preview.headers["content-security-policy"]
    assert KEEP in printed(portal), "nothing is printed by a draft"
    asked = client.post(here, data={"action": "propose"})
    assert client.post(asked.url.path, data={"answer": "yes"}).status_code == 422
    second = portal.as_role("nodal_officer")
    link = re.search(r'href="(/definitions/document/[^"]*proposal=[^"]*place=IN)"', second.get(asked.url.path).text)
    assert link
    assert "Keep this number safe." in second.get(unescape(link[1])).text
    assert portal.as_role("caseworker").get(unescape(link[1])).status_code == 404
    assert KEEP in slip_of_a_new_case(portal)
    agree(portal)
    slip = slip_of_a_new_case(portal)
    assert "<p>Keep this number safe.</p>" in slip
    assert KEEP not in slip
    assert "SHA-256 of the stored text" in slip
    assert re.search(r"Document \S+-acknowledgement-slip, version 1", slip)
    first = portal.engine.ask_all(definition, "document", SLIP, None)
    assert portal.rows("SELECT id FROM recount") == [], "no deadline is counted by a paper"
    publish(portal, SLIP, (KEEP, OTHER))
    assert OTHER in printed(portal)
    went = client.post(f"/definitions/document/{SLIP}/versions", data={"version": "1"})
    assert went.url.path.startswith("/waiting/")
    agree(portal)
    now = portal.engine.ask_all(definition, "document", SLIP, None)
    assert (now.version, now.content_hash) == (3, first.content_hash)
    assert "<p>Keep this number safe.</p>" in printed(portal)
    by = portal.people["nodal_officer"].name
    assert [one.approver for one in portal.engine.ask_all(versions_view, "document", SLIP)] == [by] * 3


def test_a_paragraph_is_left_out_and_the_words_of_the_release_are_taken_again(portal: Portal) -> None:
    before = printed(portal, "rights-sheet")
    item = "You may have an interpreter."
    client = portal.as_role("case_manager")
    client.post(draft_of("rights-sheet"), data={"action": "save", id_of(item): ""})
    page = client.get(draft_of("rights-sheet")).text
    assert "icmc-loss" in page.partition('id="changes"')[2].partition("</div>")[0], "what is left out is a loss"
    client.post(draft_of("rights-sheet"), data={"action": "propose"})
    agree(portal)
    assert item not in printed(portal, "rights-sheet")
    assert printed(portal, "rights-sheet").count("<li>") == before.count("<li>") - 1
    client.post(draft_of("rights-sheet"), data={"action": "release"})
    client.post(draft_of("rights-sheet"), data={"action": "propose"})
    agree(portal)
    assert printed(portal, "rights-sheet") == before
    stored = portal.engine.ask_all(definition, "document", "rights-sheet", None)
    assert stored.source == "document: rights-sheet\nversion: 1\n"


def test_what_is_saved_as_it_is_changes_nothing(portal: Portal) -> None:
    client, here = portal.as_role("case_manager"), draft_of("care-plan")
    shown = {id_of(one.release): one.release + "\r\n" for one in portal.engine.papers.words("care-plan")}
    page = client.post(here, data={"action": "save"} | shown).text
    assert "Nothing yet: it is what is printed." in page
    assert "Undo the last change" not in page


REFUSED = {
    (REVIEW, "We meet on {person_name}."): "names {person_name}, a value that is not there",
    (REVIEW, "We meet on {review_on"): "has a brace that belongs to no value",
    (REVIEW, "{{ answers }} {review_on}"): "has a brace that belongs to no value",
    (REVIEW, "{% include 'x' %} {review_on}"): "has a brace that belongs to no value",
    ("Safety plan", ""): "is empty, and this is a heading, a line or a signature",
    ("Phone checked", ""): "is empty, and this is a heading, a line or a signature",
    ("No such words", "x"): "stands in place of words that this paper does not have",
    ("Safety plan", "A\nB"): "has several lines, and there is room for one",
}


@pytest.mark.parametrize(("release", "text"), REFUSED)
def test_words_that_could_not_be_printed_are_refused_with_what_to_do(portal: Portal, release: str, text: str) -> None:
    source = PaperText(document=PLAN, texts=(ReplacedWords(release=release, text=text),)).as_source()
    with pytest.raises(DefinitionError) as refused:
        propose_definition(portal.engine, source=source, viewer=portal.people["case_manager"])
    assert REFUSED[release, text] in str(refused.value)
    if release in {one.release for one in portal.engine.papers.words(PLAN)} and "\n" not in text:
        client = portal.as_role("case_manager")
        client.post(draft_of(PLAN), data={"action": "save", id_of(release): text})
        assert REFUSED[release, text] in unescape(client.get(draft_of(PLAN)).text)
        assert "It was not proposed" in client.post(draft_of(PLAN), data={"action": "propose"}).text
        client.post(draft_of(PLAN), data={"action": "discard"})


def test_markup_is_printed_as_text_and_no_value_becomes_markup(portal: Portal) -> None:
    trick = "<script>alert(1)</script> <img src=http://x> on {review_on} </p><h1>"
    publish(portal, PLAN, (REVIEW, trick))
    html = specimen(portal.engine, PLAN, place="IN", published=portal.engine.library().papers)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=http://x&gt; on 2026-03-08 &lt;/p&gt;&lt;h1&gt;" in html
    assert "<script" not in html
    assert "<img" not in html


def test_what_could_be_a_persons_or_leaves_a_value_out_is_doubted_and_can_be_proposed(portal: Portal) -> None:
    client, here = portal.as_role("case_manager"), draft_of("form-17")
    to = "To: {authority}, {jurisdiction}"
    said = "To: the Committee. Ask Mrs Invented of Green Road, +91 98765 43210, asha@example.org."
    page = unescape(client.post(here, data={"action": "save", id_of(to): said}).text)
    for doubt in ("no longer prints {authority}", "seems to name a person", "seems to name a place",
                  "holds a long number", "holds an e-mail address"):  # fmt: skip
        assert doubt in page
    assert client.post(here, data={"action": "propose"}).url.path.startswith("/waiting/")


def test_words_that_are_too_long_are_not_kept_but_shown_again(portal: Portal) -> None:
    client, here = portal.as_role("case_manager"), draft_of("support-letter")
    words = portal.engine.papers.words("support-letter")[1].release
    done = client.post(here, data={"action": "save", id_of(words): "x" * 2001})
    assert done.status_code == 422
    assert "x" * 2001 in done.text
    assert "x" * 2001 not in client.get(here).text


def test_published_words_that_cannot_be_used_stop_no_paper(portal: Portal) -> None:
    name, good = "fd-receipt", portal.engine.papers.words("fd-receipt")[0].release
    texts = [
        {"release": good, "text": "Our receipt"},
        {"release": "Words of an older release", "text": "x"},
        {"release": portal.engine.papers.words(name)[1].release, "text": "{gone}"},
    ]
    shipped = printed(portal, name)
    portal.rows(
        "INSERT INTO definition_version (id, kind, name, version, title, status, content_hash, source, flattened,"
        " author, created_at, published_at) VALUES (gen_random_uuid(), 'document', :name, 1, 'x', 'published', 'x',"
        " :source, :flattened, 'x', now(), now())",
        name=name, flattened=json.dumps({"document": name, "texts": texts}),
        source=PaperText(document=name, texts=tuple(ReplacedWords(**one) for one in texts)).as_source(),
    )  # fmt: skip
    portal.engine.refresh_definitions()
    assert printed(portal, name) == shipped.replace(f"<h1>{good}</h1>", "<h1>Our receipt</h1>")
    [ailment] = [one for one in _ailments(portal.engine) if one.code == "paper-set-aside"]
    assert "the release's is printed instead" in ailment.problem
    client = portal.as_role("case_manager")
    assert "Those of the release are printed in their place" in client.get(f"/definitions/document/{name}").text
    assert client.get("/definitions/document").text.count("Cannot be used") == 1
    client.post(draft_of(name), data={"action": "save"})
    assert "Words of an older release" not in client.get(draft_of(name)).text, "what is gone is not kept"


def test_a_paper_that_follows_another_is_printed_with_its_words(portal: Portal) -> None:
    heading = "How your case is going"
    publish(portal, "progress-letter", (heading, "News of your case"))
    assert "<h1>News of your case</h1>" in printed(portal, "progress-letter-draft")


def test_each_word_of_each_paper_can_be_changed_and_nothing_else(portal: Portal) -> None:
    """Mark every words of every paper: no letter of the release is left between the values, and no value is lost."""
    papers = portal.engine.papers
    left = {}
    for name in papers.names():
        marked = {one.release: "¤" + "".join(f"{{{value}}}" for value in one.names) for one in papers.words(name)}
        assert all(not problem for one, said in marked.items() for problem in papers.problems(name, one, said)), name
        for place in PLACES:
            plain = specimen(portal.engine, name, place=place, published={})
            ours = specimen(portal.engine, name, place=place, published={name: marked})
            tags = [re.findall(r"<[^>]+>", html) for html in (plain, ours)]
            assert tags[0] == tags[1], name
            shipped = {one.release for one in papers.words(name) if not one.names and len(one.release) > 25}
            kept = {one for one in shipped if one in unescape(ours)}
            if kept:
                left[name] = kept
    assert left == {}


def test_what_must_stay_on_a_paper_is_none_of_its_words(portal: Portal) -> None:
    papers = portal.engine.papers
    for name in papers.names():
        html = printed(portal, name)
        words = " ".join(one.release for one in papers.words(name))
        assert "Made on" in html
        assert "Made on" not in words
        assert any(one.part is PaperPart.HEADING for one in papers.words(name))
    assert [one for one in papers.names() if one.startswith("_")] == []


@needs_pango
def test_a_draft_is_seen_as_pdf_in_its_scripts(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    client.post(draft_of(SLIP), data={"action": "save", id_of(KEEP): OURS})
    made = client.get(f"/definitions/document/{SLIP}/preview?of=draft&form=pdf")
    assert made.headers["content-type"] == "application/pdf"
    text = PdfReader(BytesIO(made.content)).pages[0].extract_text()
    assert "Keep this number safe." in text
    assert "K7M2-9QXD" in text
