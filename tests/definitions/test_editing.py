"""What the editor of a definition's text asks for: findings by line and column, and the words that may stand in it."""

import pytest

from engine.definitions.views import definition
from tests.kit.portal import Portal

WORDS, FINDINGS = "/drafts/workflow/words", "/drafts/workflow/findings"


def test_what_is_wrong_with_a_text_is_told_by_line_and_column_and_nothing_is_kept(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    source = portal.engine.ask_all(definition, "workflow", "child-labour").source
    right = client.post(FINDINGS, data={"source": source.replace("\n", "\r\n")})
    assert [one for one in right.json()["findings"] if one["severity"] == "error"] == []
    lines = source.split("\n")
    number = next(number for number, line in enumerate(lines) if "uses: restitution.wages" in line)
    lines[number] = lines[number].replace("restitution.wages", "restitution.wage")
    [found] = client.post(FINDINGS, data={"source": "\n".join(lines)}).json()["findings"]
    assert (found["line"], found["code"], found["severity"]) == (number + 1, "unknown-step-type", "error")
    assert lines[number][found["column"] - 1 :].startswith("restitution.wage")
    assert "restitution.wages" in found["message"]
    assert client.get("/workflows/child-labour/edit").text.count("restitution.wages") == 1


@pytest.mark.parametrize("text", ["", "\x00", "a: [", "workflow: x\n" * 3, "\t", "é" * 5_000])
def test_whatever_is_typed_is_answered_with_findings(portal: Portal, text: str) -> None:
    answer = portal.as_role("case_manager").post(FINDINGS, data={"source": text})
    assert answer.status_code == 200
    assert answer.json()["findings"]


@pytest.mark.parametrize(("kind", "role", "stranger"), [
    ("workflow", "case_manager", "caseworker"), ("ladder", "case_manager", "intake_officer"),
    ("calendar", "system_administrator", "case_manager"), ("retention", "data_protection_officer", "case_manager"),
])  # fmt: skip
def test_whoever_may_write_a_kind_of_definition_has_its_editor_and_nobody_else(
    portal: Portal, kind: str, role: str, stranger: str
) -> None:
    words, findings = f"/drafts/{kind}/words", f"/drafts/{kind}/findings"
    answer = portal.as_role(role).get(words)
    assert (answer.status_code, answer.json()["kind"]) == (200, kind)
    assert portal.as_role(role).post(findings, data={"source": "x"}).status_code == 200
    assert portal.as_role(stranger).get(words).status_code == 403
    assert portal.as_role(stranger).post(findings, data={"source": "x"}).status_code == 403
    elsewhere = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
    assert portal.as_role(role).post(findings, data={"source": "x"}, headers=elsewhere).status_code == 403
    assert portal.anybody().get(words, follow_redirects=False).status_code in {303, 401}
    assert portal.anybody().post(findings, data={"source": "x"}, follow_redirects=False).status_code in {303, 401}


def test_the_words_are_the_keys_of_the_language_and_the_names_that_are_there(portal: Portal) -> None:
    told = portal.as_role("case_manager").get(WORDS).json()
    assert "for_each" in told["schema"]["$defs"]["StepSpec"]["properties"]
    assert told["types"].keys() == set(portal.engine.catalogue.keys())
    assert "rescue" in told["types"]["reporting.triage"]["outputs"]["decision"]
    assert {"done", "skipped"} <= set(told["types"]["reporting.triage"]["outputs"]["outcome"])
    assert told["workflows"]["child-labour"]["steps"]["production"] == "rescue.production"
    assert "triage" in told["workflows"]["child-labour"]["steps"], "what it inherits too"
    assert told["ladders"].keys() == portal.engine.library().ladders.keys()
    assert "IN-JJ-PROD-24H" in told["laws"]
    assert "case_manager" in told["roles"]
    assert told["report"]["is_child_suspected"]


def test_only_the_pages_of_texts_load_the_editor_and_may_ask_for_more(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    for path in ("/workflows/child-labour/edit", "/definitions/ladder/standard/edit", "/workflows/new"):
        page = client.get(path)
        assert "/static/editor.js?" in page.text, path
        assert page.headers["content-security-policy"].endswith("; connect-src 'self'"), path
        assert "unsafe" not in page.headers["content-security-policy"]
    other = client.get("/workflows/child-labour/draft")
    assert "editor.js" not in other.text
    assert "connect-src" not in other.headers["content-security-policy"]
