"""The linter finds what would go wrong with a workflow, and says where and what to do."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from engine.language.findings import CODES, Finding, Severity
from engine.language.lint.files import lint_workflow
from engine.language.lint.subject import KnownLaw, KnownNames
from tests.language.step_types import CATALOGUE, NAMES

EXAMPLE = """\
workflow: child-domestic-labour
version: 3
title: Child in domestic labour
case_type: trafficking
jurisdictions: [IN-AS, IN-ML]
start: {on: report, when: 'report.is_child_suspected in ["yes", "unsure"]'}

facts:
  fear_stated: {type: bool, default: false}

steps:
  intake:
    uses: reporting.intake
    assign: {role: intake_officer}
    time: {from: start, limit: PT30M, ladder: critical}
  triage:
    uses: reporting.triage
    after: [intake]
    assign: {role: supervisor, not: intake}
    time:
      - {when: 'has(intake.immediate_danger) && intake.immediate_danger', from: start, limit: PT1H, ladder: critical}
      - {from: start, limit: PT24H, ladder: standard, warn: [50%, 80%]}
  rescue:
    uses: rescue.execute
    after: [triage]
    when: 'has(triage.decision) && triage.decision == "rescue"'
    assign: {role: ahtu_officer}
    time: {limit: PT48H, ladder: critical}
  production:
    uses: rescue.production
    after: [rescue]
    for_each: case.victims
    time: {law: IN-JJ-PROD-24H, ladder: child-not-produced}
  safety:
    uses: protection.safety
    after: [rescue]
    time: {limit: PT24H}
    questions:
      - {id: phone_with_family, type: bool, label: "Does the family hold the child's phone?", sensitivity: sensitive}
  home_report:
    uses: repatriation.hir
    after: [production]
    time: {law: IN-JJ-SIR-15D, ladder: partner-silent}
  decision:
    uses: repatriation.decision
    after: [home_report, safety]
    time: {limit: P7D}
  handover:
    uses: repatriation.handover
    after: [decision]
    when: 'has(decision.decision) && decision.decision == "return"'
    time: {limit: P14D}
  visit:
    uses: reintegration.visit
    after: [handover]
    repeat: {every: P1M, times: 12, until: 'visit.outcome == "not_needed"'}
    time: {limit: P7D}

gates:
  return-home:
    holds: [handover]
    until: 'home_report.recommendation != "unsafe" && decision.wishes_return == "yes" && !fear_stated'
    reason: No return before a satisfactory home report and the person's own will.

close: {when: all, unless: open_deadlines}
"""
TWO = """\
workflow: two
version: 1
title: Two steps
steps:
  intake: {uses: reporting.intake, time: {limit: P1D}}
  triage: {uses: reporting.triage, after: intake, time: {limit: P1D}}
"""


def _lint(text: str) -> tuple[Finding, ...]:
    return lint_workflow(text, catalogue=CATALOGUE, names=NAMES, file="w.yaml")


def _named(**laws: KnownLaw) -> KnownNames:
    return replace(NAMES, laws={**NAMES.laws, **{name.replace("_", "-"): law for name, law in laws.items()}})


def test_an_option_that_one_version_of_a_limit_lacks_is_found() -> None:
    text = EXAMPLE.replace("law: IN-JJ-SIR-15D", "law: IN-JJ-SIR-15D, option: with_reasons", 1)
    names = _named(IN_JJ_SIR_15D=KnownLaw(in_some=frozenset({"with_reasons"}), jurisdiction="IN"))
    [found] = lint_workflow(text, catalogue=CATALOGUE, names=names, file="w.yaml")
    assert found.code == "unknown-option"
    assert "A version of IN-JJ-SIR-15D" in found.message


def _changed(old: str, new: str, text: str = EXAMPLE) -> tuple[Finding, ...]:
    assert old in text
    return _lint(text.replace(old, new, 1))


def test_a_sound_workflow_has_no_findings() -> None:
    assert _lint(EXAMPLE) == ()
    assert _lint(TWO) == ()


ERRORS = [
    ("uses: reporting.triage", "uses: reporting.triag", "unknown-step-type", 'Did you mean "reporting.triage"?'),
    ("role: supervisor", "role: superviser", "unknown-role", 'Did you mean "supervisor"?'),
    ("{role: ahtu_officer}", "{role: auditor}", "nobody-can", "no work of a case can wait for the auditor"),
    (
        "{role: ahtu_officer}",
        "{role: ahtu_officer}\n    approve: {role: [auditor, system_administrator]}",
        "nobody-can",
        "approve this step",
    ),
    ("ladder: partner-silent", "ladder: partner-quiet", "unknown-ladder", 'Did you mean "partner-silent"?'),
    ("law: IN-JJ-SIR-15D", "law: IN-JJ-SIR-16D", "unknown-law", 'Did you mean "IN-JJ-SIR-15D"?'),
    ("law: IN-JJ-SIR-15D", "law: IN-AMOUNT", "law-without-time", 'without a time: write a "limit"'),
    ("law: IN-JJ-SIR-15D", "law: IN-JJ-SIR-15D, option: with_reason", "unknown-option", "with_reasons"),
    ("{limit: P14D}", "{limit: P14D, option: with_reasons}", "unknown-option", '"law", which is missing: name the law'),
    ("{law: IN-JJ-SIR-15D", "{limit: P1D, law: IN-JJ-SIR-15D", "limit-and-law", "not both"),
    ("{limit: P14D}", "{ladder: critical}", "time-without-limit", '(like PT24H) and no "law": add one of them'),
    ("jurisdictions: [IN-AS, IN-ML]", "jurisdictions: [IN-AS, BD]", "unknown-calendar", "BD"),
    ("after: [handover]", "after: [hand_over]", "unknown-step", 'Did you mean "handover"?'),
    ("after: [handover]", "after: {any: [hand_over, decision]}", "unknown-step", 'Did you mean "handover"?'),
    ("holds: [handover]", "holds: [hand_over]", "unknown-step", 'Did you mean "handover"?'),
    ("not: intake", "not: intakes", "unknown-step", 'Did you mean "intake"?'),
    ("not: intake", "not: triage", "not-itself", "earlier step"),
    ("after: [intake]", "after: [visit]", "cycle", "waits for"),
    ("after: [intake]", "after: [triage]", "cycle", "triage waits for triage"),
    ("after: [home_report, safety]", "after: {n: 3, of: [home_report, safety]}", "join-impossible", "3 of 2"),
    ("after: [home_report, safety]", "after: [safety, home_report, safety]", "join-impossible", "twice"),
    ("limit: PT30M", "limit: 30 minutes", "bad-limit", "PT30M"),
    ("limit: PT30M", "limit: PT0.5H", "bad-limit", "whole numbers"),
    ("limit: PT30M", "limit: P101Y", "bad-limit", "100 years"),
    ("every: P1M", "every: monthly", "bad-limit", "P4M"),
    ("after: [handover]", "after: [handover]\n    attempts: {delay: P5WD}", "bad-limit", "A machine waits"),
    ("after: [handover]", "after: [handover]\n    attempts: {timeout: PT0S}", "bad-limit", "A machine waits"),
    ("after: [handover]", "after: [handover]\n    attempts: {timeout: soon}", "bad-limit", "soon"),
    ("every: P1M", "every: PT0H", "bad-limit", "some time in between, like P1M"),
    ("warn: [50%, 80%]", "warn: [50%, 120%]", "bad-warning", "1% to 99%"),
    ("from: start, limit: PT30M", "from: begin, limit: PT30M", "bad-from", "begin"),
    ("from: start, limit: PT30M", "from: start.at, limit: PT30M", "bad-from", "has no fields"),
    ("from: start, limit: PT30M", "from: intake, limit: PT30M", "bad-from", "ends after this step begins"),
    ("from: start, limit: PT30M", "from: visit, limit: PT30M", "bad-from", "ends after this step begins"),
    ("from: start, limit: PT30M", "from: fear_stated, limit: PT30M", "bad-from", "no instant"),
    ("{limit: P14D}", "{limit: P14D, from: rescue.rescued_on}", "bad-from", 'Did you mean "rescued_at"?'),
    ("{limit: P14D}", "{limit: P14D, on_breach: [triage]}", "bad-breach-target", "has begun before"),
    ("{limit: P14D}", "{limit: P14D, on_breach: handover}", "bad-breach-target", "has begun before"),
    ("{limit: P14D}", "{limit: P14D, on_breach: visits}", "unknown-step", 'Did you mean "visit"?'),
    ("{law: IN-JJ-PROD-24H", "{exclude: journey, law: IN-JJ-PROD-24H", "law-excludes", "law pack"),
    ("{limit: P14D}", "{limit: P14D, exclude: [travel]}", "unknown-interval", "travel"),
    ("{limit: P14D}", "{limit: P14D, pause: a month}", "bad-limit", ""),
    ("{limit: P14D}", "{limit: P14D, extend: soon}", "bad-limit", "soon"),
    ("{law: IN-JJ-PROD-24H", "{pause: P1D, law: IN-JJ-PROD-24H", "law-not-pausable", "neither paused nor extended"),
    ("{law: IN-JJ-PROD-24H", "{extend: P1D, law: IN-JJ-PROD-24H", "law-not-pausable", "neither paused nor extended"),
    ('triage.decision == "rescue"', 'triage.decision = "rescue"', "condition-syntax", "write =="),
    ('triage.decision == "rescue"', "triage.decision", "condition-type", "compare it"),
    ('triage.decision == "rescue"', "triage.decision > 3", "condition-type", ""),
    ('triage.decision == "rescue"', 'triage.decison == "rescue"', "unknown-field", "triage.decision"),
    ('triage.decision == "rescue"', 'triage.decision == "rescu"', "unknown-choice", 'did you mean "rescue"?'),
    ('triage.decision == "rescue"', 'intake.name == "x"', "sealed-field", "open question"),
    ("until: 'home_report", "until: 'safety.phone_with_family && home_report", "sealed-field", "open question"),
    ('triage.decision == "rescue"', 'triage.decision == "rescue" && triage.decision == "close"', "never-true", ""),
    ('triage.decision == "rescue"', "rescue.rescued > 0", "condition-too-early", "before"),
    ('triage.decision == "rescue"', 'safety.risk == "low"', "condition-too-early", "before"),
    (
        "report.is_child_suspected in",
        "intake.immediate_danger && report.is_child_suspected in",
        "condition-too-early",
        "",
    ),
    ('decision.wishes_return == "yes"', 'visit.outcome == "done"', "gate-never-opens", "visit.outcome"),
    ('decision.wishes_return == "yes"', "fear_stated", "gate-never-opens", "no answers"),
    ('decision.wishes_return == "yes"', 'production.outcome == "done"', "condition-type", "exists"),
    ("type: bool, default: false", "type: bool, default: 3", "bad-fact", "does not fit"),
    ("type: bool, default: false", "type: choice", "bad-fact", "choices"),
    ("{limit: P14D}", "{limit: P14D}\n    sets: {feer_stated: 'true'}", "unknown-fact", 'Did you mean "fear_stated"?'),
    ("id: phone_with_family", "id: risk", "question-clash", "another id"),
    ("id: phone_with_family", "id: outcome", "reserved-word", "another id"),
    ("id: phone_with_family, type: bool", "id: phone, type: choice", "bad-question", "choices"),
    (
        "id: phone_with_family, type: bool",
        "id: phone, type: choice, choices: {yes: Yes}",
        "bad-question",
        "two answers",
    ),
    ("fear_stated: {", "triage: {", "name-twice", "another id"),
    ("fear_stated: {", "person: {", "reserved-word", "another id"),
    ("{limit: P14D}", "{limit: P14D}\n    not_before: visitt", "bad-from", "visit"),
    ("{limit: P14D}", "{limit: P14D}\n    not_before: {from: rescue, wait: soon}", "bad-limit", "P15D"),
    ("repeat: {every: P1M, times: 12,", "repeat: {every: P1M,", "bad-value", "times"),
    ("repeat: {every: P1M, times: 12,", "repeat: {every: [P1M, PT0S],", "bad-limit", "in between"),
    ('triage.decision == "rescue"', "person.is_victim", "unknown-field", "person.is_victim"),
    ("fear_stated: {", "start: {", "reserved-word", "another id"),
    ("  home_report:\n", "  report:\n", "reserved-word", "another id"),
    ("  safety:\n", "  start:\n", "reserved-word", "another id"),
]


@pytest.mark.parametrize(("when", "is_warned"), [
    ('triage.decision == "rescue"', True),
    ('triage.outcome == "done" && triage.decision == "rescue"', False),
    ('has(triage.decision) && triage.decision == "rescue"', False),
    ('triage.outcome != "done" || triage.decision == "rescue"', False),
])  # fmt: skip
def test_a_condition_on_an_answer_that_need_not_come_is_warned_of(when: str, *, is_warned: bool) -> None:
    found = [
        one
        for one in _changed('has(triage.decision) && triage.decision == "rescue"', when)
        if one.code == "may-wait-for-ever"
    ]
    assert bool([one for one in found if one.line == 26 and "without being done" in one.message]) == is_warned


@pytest.mark.parametrize(("old", "new", "code", "words"), ERRORS)
def test_a_mistake_is_found_where_it_was_made(old: str, new: str, code: str, words: str) -> None:
    findings = [finding for finding in _changed(old, new) if finding.code == code]
    assert findings, _changed(old, new)
    position = EXAMPLE.index(old)
    line = EXAMPLE.count("\n", 0, position) + 1
    assert {finding.line - line for finding in findings} <= {0, 1}
    assert words in findings[0].message
    assert findings[0].severity is Severity.ERROR


@pytest.mark.parametrize(("old", "new", "line"), [
    ("'has(triage.decision) && triage.decision == \"rescue\"'", "\"triage.decision == 'resque'\"", 'when: "triage'),
    ("'has(triage.decision) && triage.decision == \"rescue\"'", "triage.decision == 'resque'", "when: triage"),
])  # fmt: skip
def test_a_mistake_inside_a_condition_is_placed_in_the_file(old: str, new: str, line: str) -> None:
    findings = _changed(old, new)
    text = EXAMPLE.replace(old, new, 1).split("\n")
    assert [finding.code for finding in findings] == ["unknown-choice"]
    found = text[findings[0].line - 1][findings[0].column - 1 :]
    assert line in text[findings[0].line - 1]
    assert found.startswith("'resque'")


WARNINGS = [
    ("    time: {limit: P7D}\n  handover", "  handover", "no-time-limit"),
    (
        "after: [handover]",
        "after: [handover]\n    assign: {role: caseworker}\n    approve: {role: caseworker}",
        "same-role-approves",
    ),
    ("      - {from: start, limit: PT24H, ladder: standard, warn: [50%, 80%]}\n", "", "time-only-sometimes"),
    ("jurisdictions: [IN-AS, IN-ML]", "jurisdictions: [NP]", "law-of-another-place"),
    (" && !fear_stated", "", "unused-fact"),
    ("title: Child in domestic labour", "title: Trafficked child in domestic labour", "title-says-more"),
    ("title: Child in domestic labour", "title: Bangladeshi child in domestic labour", "title-says-more"),
    ("title: Child in domestic labour", "title: Child from Bangladesh", "title-says-more"),
    ("uses: repatriation.hir", "uses: repatriation.hir\n    title: Home report in Nepal", "title-says-more"),
    ("uses: repatriation.hir", "uses: repatriation.hir\n    title: The home of the victim", "title-says-more"),
    ('decision.decision == "return"', 'visit.outcome == "done" || decision.decision == "return"', None),
]


@pytest.mark.parametrize(("old", "new", "code"), [case for case in WARNINGS if case[2]])
def test_what_deserves_a_second_look_is_a_warning(old: str, new: str, code: str) -> None:
    findings = _changed(old, new)
    assert {(finding.code, finding.severity) for finding in findings} == {(code, Severity.WARNING)}


@pytest.mark.parametrize(("time", "column"), [
    ("time: {from: handover.signed_at, limit: P7D}", 18),
    ("time: {when: has(handover.at), from: handover.signed_at, limit: P7D}", 42),
    ("time: [{when: has(handover.signed_at), from: handover.signed_at, limit: P7D}, {from: handover, limit: P9D}]", 0),
    ("time: {from: handover.at, limit: P7D}", 0),
    ("time: {from: handover, limit: P7D}", 0),
    ("not_before: {from: handover.signed_at, wait: P1D}\n    time: {limit: P7D}", 24),
    ("not_before: handover.at\n    time: {limit: P7D}", 0),
])  # fmt: skip
def test_a_time_from_what_may_be_not_known_is_warned_of(time: str, column: int) -> None:
    head, _, tail = EXAMPLE.rpartition("time: {limit: P7D}")
    found = [one for one in _lint(f"{head}{time}{tail}") if one.code != "time-only-sometimes"]
    at = [(one.line, one.column, one.code, one.severity) for one in found]
    assert at == ([(head.count("\n") + 1, column, "may-never-start", Severity.WARNING)] if column else [])
    assert all("count from handover or handover.at" in one.message for one in found)
    assert all(("has(handover.signed_at)" in one.message) is time.startswith("time") for one in found)


def test_at_one_place_what_must_be_mended_is_told_before_what_deserves_a_look() -> None:
    text = "workflow: two\nversion: 1\ntitle: Two\nsteps:\n  report: {uses: reporting.triage}\n"
    found = [(finding.line, finding.column, finding.code) for finding in _lint(text)]
    assert found[:2] == [(5, 3, "reserved-word"), (5, 3, "no-time-limit")]


@pytest.mark.parametrize(("old", "new"), [
    ("title: Child in domestic labour", "title: Report of domestic labour in India"),
    ("uses: repatriation.hir", "uses: repatriation.hir\n    title: Ask the body for refugees, in Nepali"),
    ("uses: repatriation.hir\n", "uses: repatriation.hir\n    title: Visit in Nepal\n    assign: {unit: NP}\n"),
])  # fmt: skip
def test_a_title_can_name_the_place_of_the_workflow_or_of_the_step_and_the_language(old: str, new: str) -> None:
    assert "title-says-more" not in {finding.code for finding in _changed(old, new)}


def test_a_workflow_that_a_person_begins_can_be_called_after_the_country() -> None:
    by_hand = EXAMPLE.replace("title: Child in domestic labour", "title: Return to Nepal").replace(
        """start: {on: report, when: 'report.is_child_suspected in ["yes", "unsure"]'}""", "start: {on: hand}"
    )
    assert "title-says-more" not in {finding.code for finding in _lint(by_hand)}


@pytest.mark.parametrize(("named", "code"), [
    ("triage.decision", "unknown-field"), ("triage.nothing", "unknown-field"), ("trage.decision", "unknown-step"),
])  # fmt: skip
def test_an_answer_that_names_no_place_cannot_say_where_a_step_is_done(named: str, code: str) -> None:
    text = EXAMPLE.replace("uses: repatriation.hir", f"uses: repatriation.hir\n    assign: {{unit_from: {named}}}", 1)
    assert [finding.code for finding in _lint(text)] == [code]


def test_a_question_of_the_workflow_can_name_the_place_where_a_later_step_is_done() -> None:
    asked = "{id: from, type: choice, label: From where?, required: true, choices: {NP: Nepal, other: Elsewhere}}"
    text = EXAMPLE.replace("uses: reporting.triage", f"uses: reporting.triage\n    questions: [{asked}]", 1)
    text = text.replace("uses: repatriation.hir", "uses: repatriation.hir\n    assign: {unit_from: triage.from}", 1)
    assert [one.code for one in _lint(text)] == ["law-of-another-place"], "the report at home has a limit of Indian law"
    assert [one.code for one in _lint(text.replace("NP: Nepal", "IN-AS: Assam"))] == []
    assert [one.code for one in _lint(text.replace("NP: Nepal", "Np: Nepal"))] == ["bad-name"]


def _branching(handle: str, more: str = "") -> str:
    return f"""\
workflow: branching
version: 1
title: Branching
steps:
  triage: {{uses: reporting.triage, time: {{limit: P1D}}}}
  go: {{uses: rescue.execute, time: {{limit: P1D}}}}
  safety: {{uses: protection.safety, time: {{limit: P1D}}}}
  handle: {{uses: repatriation.hir, time: {{limit: P1D}}, {handle}}}
choices:
  way:
    after: triage
    branches:
      - {{when: 'has(triage.decision) && triage.decision == "rescue"', to: go}}
    default: safety
{more}"""


@pytest.mark.parametrize(("handle", "more", "code"), [
    ("after: {any: [go, safety]}, when: 'triage.outcome == \"done\" && triage.decision == \"rescue\"'", "", None),
    ("after: {any: [go, safety]}, when: 'safety.risk == \"low\"'", "", "may-wait-for-ever"),
    ("after: {any: [go, safety]}, when: 'has(safety.risk) && safety.risk == \"low\"'", "", None),
    ("after: safety, when: 'safety.risk == \"low\"'", "", "may-wait-for-ever"),
    ("after: safety, when: 'has(safety.risk) && safety.risk == \"low\"'", "", None),
    ("after: triage, when: 'safety.risk == \"low\"'", "", "condition-not-before"),
    ("after: triage", "gates: {g: {holds: handle, until: 'go.rescued > 0', reason: R}}", "may-wait-for-ever"),
    ("after: triage, discretionary: true", "", None),
    ("after: way", "", "unknown-step"),
    (
        "after: safety",
        "  other: {after: triage, branches: [{when: 'true', to: go}], default: handle}\n",
        "in-two-choices",
    ),
    ("after: safety", "    description: x\n", "unknown-key"),
])  # fmt: skip
def test_branches_are_followed(handle: str, more: str, code: str | None) -> None:
    codes = {finding.code for finding in _lint(_branching(handle, more))} - {"after-and-choice"}
    assert codes == ({code} if code else set())


@pytest.mark.parametrize(("asked", "is_open"), [
    ("go.rescued > 0", True), ("!has(go.rescued) || go.rescued > 0", False),
])  # fmt: skip
def test_a_number_that_nobody_knows_leaves_a_step_undecided(asked: str, *, is_open: bool) -> None:
    text = f"""\
workflow: counting
version: 1
title: Counting
steps:
  go: {{uses: rescue.execute, time: {{limit: P1D}}}}
  safety: {{uses: protection.safety, after: go, when: '{asked}', time: {{limit: P1D}}}}
"""
    assert ("undecided" in {finding.code for finding in _lint(text)}) is is_open


def test_a_choice_says_what_comes_before_its_steps() -> None:
    text = _branching("after: triage").replace("safety, time:", "safety, after: triage, time:")
    assert [finding.code for finding in _lint(text)] == ["after-and-choice"]


def test_a_choice_without_default_deserves_a_second_look() -> None:
    text = (
        _branching("after: triage")
        .replace("    default: safety\n", "")
        .replace("safety, time:", "safety, after: triage, time:")
    )
    assert [(finding.code, finding.severity) for finding in _lint(text)] == [
        ("choice-without-default", Severity.WARNING)
    ]


@pytest.mark.parametrize(("old", "new", "code"), [
    ("uses: reporting.intake", "uses: reporting.intake, discretionary: true", "no-first-step"),
    ("uses: reporting.intake", "uses: reporting.intake, discretionary: true", "after-optional-steps"),
    ("{limit: P1D}}\n  triage", "[{limit: P1D}, {limit: P2D}]}\n  triage", "time-never-applies"),
    ("uses: reporting.intake", "uses: reporting.dedupe, assign: {role: caseworker}", "automatic-step"),
    ("uses: reporting.intake", "uses: reporting.dedupe, approve: {role: supervisor}", "automatic-step"),
    ("uses: reporting.intake", "uses: reporting.dedupe, questions: [{id: q, type: bool, label: Q}]", "automatic-step"),
    ("uses: reporting.intake", "uses: reporting.intake, sets: {at: 'immediate_danger'}", "bad-fact"),
])  # fmt: skip
def test_steps_that_would_not_work_are_found(old: str, new: str, code: str) -> None:
    text = TWO + ("facts: {at: {type: instant}}\n" if code == "bad-fact" else "")
    assert code in {finding.code for finding in _changed(old, new, text)}


def test_an_outcome_of_each_person_is_asked_for_with_exists_or_all() -> None:
    question = "'production.outcome.all(x, x == \"done\")'"
    findings = _changed("after: [production]", f"after: [production]\n    when: {question}")
    assert [finding.code for finding in findings] == ["may-wait-for-ever"]


def test_an_outcome_of_the_same_person_is_asked_for_plainly() -> None:
    more = "after: [production]\n    for_each: case.victims\n    when: 'production.outcome == \"done\"'"
    findings = _changed("after: [production]", more)
    assert {finding.code for finding in findings} <= {"condition-type"}
    assert all("home_report" in finding.message for finding in findings)


def test_a_step_of_an_unknown_type_causes_one_finding_only() -> None:
    assert [finding.code for finding in _changed("uses: reporting.triage", "uses: other.triage")] == [
        "unknown-step-type"
    ]


def test_a_condition_with_many_answers_is_not_tried_for_ever() -> None:
    condition = " && ".join(f'x{number}.risk == "low"' for number in range(16))
    steps = "\n".join(f"  x{n}: {{uses: protection.safety, time: {{limit: P1D}}}}" for n in range(16))
    text = f"workflow: many\nversion: 1\ntitle: Many\nsteps:\n{steps}\n"
    after = "[" + ", ".join(f"x{n}" for n in range(16)) + "]"
    text += f"  last: {{uses: protection.safety, time: {{limit: P1D}}, after: {after}, when: '{condition}'}}\n"
    assert _lint(text) == ()


def test_every_finding_of_the_linter_has_a_documented_code() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/lint-codes.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE)) == CODES


def test_every_documented_code_is_found_by_something() -> None:
    engine = Path(__file__).parents[2] / "engine"
    sources = [path.read_text(encoding="utf-8") for path in engine.rglob("*.py") if path.name != "codes.py"]
    assert {code for code in CODES if not any(f'"{code}"' in source for source in sources)} == set()


_FOLLOWED = EXAMPLE.replace(
    "    uses: rescue.execute\n", "    uses: rescue.execute\n    follow_ups:\n      FOLLOW\n", 1
)


@pytest.mark.parametrize(("said", "code", "remedy"), [
    ("look: {uses: rescue.execute, limit: P1D}", None, ""),
    ("look: {uses: rescue.execut, limit: P1D}", "unknown-step-type", 'Did you mean "rescue.execute"'),
    ("look: null", "unknown-follow-up", "There is nothing to leave out here."),
    ("look: {uses: rescue.execute, when: 'this.rescuedd > 1', limit: P1D}", "unknown-field", "this.rescued"),
    ("look: {uses: rescue.execute, when: 'this.outcome == \"finished\"', limit: P1D}", "unknown-choice", ""),
    ("look: {uses: rescue.execute, when: this.rescued, limit: P1D}", "condition-type", ""),
    ("look: {uses: rescue.execute, limit: P1D, law: IN-X}", "limit-and-law", '"law: null"'),
    ("look: {uses: rescue.execute, due: rescued_on}", "bad-from", "no day or instant"),
    ("look: {uses: rescue.execute, limit: tomorrow}", "bad-limit", ""),
    ("look: {uses: rescue.execute, limit: P1D, ladder: standrad}", "unknown-ladder", "standard"),
    ("look: {uses: rescue.execute, limit: P1D, ends: luok}", "unknown-follow-up", "look"),
    ("look: {uses: rescue.execute, limit: P1D, act: something is done}", "follow-up-of-act", "take `act` out"),
    ("look: {uses: rescue.execute, limit: P1D, again_latest: P1M}", "bad-limit", "days of 24 hours"),
    ("look: {uses: rescue.execute, limit: P1D, again_soonest: P9D}", "bad-limit", "before it is due at the soonest"),
])  # fmt: skip
def test_a_follow_up_that_cannot_be_is_found_where_it_is_written(said: str, code: str | None, remedy: str) -> None:
    text = _FOLLOWED.replace("FOLLOW", said)
    line = 1 + text[: text.index(said)].count("\n")
    found = [one for one in lint_workflow(text, catalogue=CATALOGUE, names=NAMES) if one.line == line]
    if code is None:
        assert found == []
    else:
        assert code in [one.code for one in found]
        assert any(remedy in one.message for one in found)


@pytest.mark.parametrize(("said", "part", "remedy"), [
    ("{uses: rescue.execute, due: left_at}", "left_at", "give it a limit"),
    ("{uses: rescue.execute, opens: left_at, limit: P1D}", "left_at", "give it a limit"),
    ("{uses: rescue.execute, when: this.is_safe, limit: P1D}", "this.is_safe", "has(this.is_safe)"),
    ("{uses: rescue.execute, when: rescue.is_safe && this.rescued > 1, limit: P1D}", "rescue.", "has(rescue.is_safe)"),
    ("{uses: rescue.execute, when: '!has(this.is_safe) || this.is_safe', limit: P1D}", "", ""),
    ("{uses: rescue.execute, when: this.rescued > 1, limit: P1D}", "", ""),
    ("{uses: rescue.execute, from: left_at, limit: P1D}", "", ""),
])  # fmt: skip
def test_a_follow_up_that_waits_for_what_may_be_not_known_is_warned_of(said: str, part: str, remedy: str) -> None:
    text = _FOLLOWED.replace("FOLLOW", f"look: {said}")
    found = [one for one in lint_workflow(text, catalogue=CATALOGUE, names=NAMES) if one.code == "may-never-start"]
    line = text.splitlines()[text[: text.index(said)].count("\n")]
    at = [(line[one.column - 1 :].startswith(part), one.severity, remedy in one.message) for one in found]
    assert at == ([(True, Severity.WARNING, True)] if part else [])


WAYS = [  # what stands in the step "visit" or at the end, and what is found
    ("back: {to: visits, when: safe, times: 2}", "unknown-step", 'no step "visits"'),
    ("back: {to: rescue2, when: safe, times: 2}", "loop-crossed", "does not come before"),
    ("back: {to: production, when: safe, times: 2}", "loop-crossed", "others than"),
    ("wait: {until: safe, time_out: P1D}", "wait-asks", "core.wait"),
    ("uses: reporting.dedupe, wait: {until: safe}", "wait-without-end", "time_out"),
    ("uses: reporting.dedupe, wait: {until: safe, time_out: soon}", "bad-limit", "PT30M"),
    ("uses: reporting.dedupe, wait: {event: visits, until: safe, time_out: P1D}", "unknown-step", 'no step "visits"'),
    ("uses: reporting.dedupe, wait: {event: visit, until: safe, time_out: P1D}", "event-not-asked", "compare it"),
    (
        "uses: reporting.dedupe, wait: {event: visit, until: 'visit.outcome == \"done\"', time_out: P1D}",
        "event-not-matched",
        "Any answer",
    ),
    ("standing: true, discretionary: true", "after-standing", "all the time"),
]


@pytest.mark.parametrize(("keys", "code", "words"), WAYS)
def test_a_way_that_leads_nowhere_is_found(keys: str, code: str, words: str) -> None:
    uses = "" if "uses" in keys else "uses: reintegration.visit, "
    step = f"  extra: {{{uses}after: handover, time: {{limit: P1D}}, {keys}}}\n  rescue2: {{uses: rescue.execute}}\n"
    text = EXAMPLE.replace("\ngates:\n", f"{step}\ngates:\n").replace("facts:\n", "facts:\n  safe: {type: bool}\n")
    found = [one for one in _lint(text) if one.code == code]
    assert any(words in one.message for one in found), _lint(text)


@pytest.mark.parametrize(("cancel", "code"), [
    ("{when: fear_stated, steps: [visits]}", "unknown-step"),
    ("{when: fear_stated, steps: [visit], undo: {handover: safety}}", "undo-of-nothing"),
    ("{when: fear_stated, steps: [visit], undo: {visit: safe}}", "unknown-step"),
    ("{when: fear_state, steps: [visit]}", "unknown-field"),
])  # fmt: skip
def test_calling_off_names_what_is_there(cancel: str, code: str) -> None:
    assert code in {one.code for one in _lint(f"{EXAMPLE}cancels: {{branch: {cancel}}}\n")}


def test_nothing_comes_after_a_standing_step_and_no_loop_crosses_a_series() -> None:
    standing = _changed("    uses: protection.safety\n", "    uses: protection.safety\n    standing: true\n")
    assert "after-standing" in {one.code for one in standing}
    visit = "    repeat: {every: P1M, times: 12, until: 'visit.outcome == \"not_needed\"'}\n"
    looped = _changed(visit, f"{visit}    back: {{to: handover, when: fear_stated, times: 2}}\n")
    assert [one.code for one in looped if one.code == "loop-crossed"] == ["loop-crossed"]


def test_a_loop_a_wait_and_what_calls_off_are_sound() -> None:
    step = (
        "  wish: {uses: repatriation.decision, after: decision, time: {limit: P1D},"
        " back: {to: decision, when: 'wish.decision == \"stay\"', times: 2}}\n"
        "  heard: {uses: reporting.dedupe, after: rescue, wait: {until: fear_stated, time_out: P1D}}\n"
        "  note: {uses: protection.safety, standing: true, not_before: P1D}\n"
    )
    text = EXAMPLE.replace("\ngates:\n", f"{step}\ngates:\n")
    assert _lint(f"{text}cancels: {{branch: {{when: fear_stated, steps: [visit]}}}}\n") == ()


@pytest.mark.parametrize(("comes", "is_late"), [
    ("{any: [go, safety]}", False), ("safety", True), ("[triage, safety]", True),
])  # fmt: skip
def test_time_starts_from_a_step_that_can_come_first_and_from_none_that_only_follows(
    comes: str, *, is_late: bool
) -> None:
    own = "safety: {uses: protection.safety, time: {limit: P1D}}"
    text = _branching(f"after: {comes}").replace(own, own.replace("limit", "from: handle, limit"))
    assert ("bad-from" in {finding.code for finding in _lint(text)}) is is_late
