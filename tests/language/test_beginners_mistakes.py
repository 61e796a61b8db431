"""What somebody writes who has never seen the format: each mistake is found at its line, with words that mend it."""
# ruff: noqa: E501 - a table: one mistake a line

import re
from dataclasses import replace

import pytest

from engine.language.catalogue import FollowUp
from engine.language.findings import Finding
from engine.language.lint.files import lint_workflow
from tests.language.step_types import CATALOGUE, NAMES, Shelf, step_type
from tests.language.test_lint_workflows import EXAMPLE

VISITED = step_type("reintegration.visit", limit="P7D").model_copy(
    update={"follow_ups": {"again": FollowUp(uses="reintegration.visit", limit="P7D", when="this.outcome == 'done'")}}
)
FOLLOWED = Shelf(*(info for key in CATALOGUE.keys() if (info := CATALOGUE.find(key))), VISITED)  # noqa: SIM118 - no dict


def _lint(text: str) -> tuple[Finding, ...]:
    names = replace(NAMES, workflows=frozenset({"aftercare"}))
    return lint_workflow(text, catalogue=CATALOGUE, names=names, file="w.yaml")


TRIAGE = "  triage:\n    uses: reporting.triage\n    after: [intake]\n"
RESCUE = "  rescue:\n    uses: rescue.execute\n    after: [triage]\n    when: 'triage.decision == \"rescue\"'\n"
ASKS = '      - {id: phone_with_family, type: bool, label: "Does the family hold the child\'s phone?", sensitivity: sensitive}'
WHEN = "when: 'has(triage.decision) && triage.decision == \"rescue\"'"
BEGINS = """start: {on: report, when: 'report.is_child_suspected in ["yes", "unsure"]'}"""
VISIT = "    repeat: {every: P1M, times: 12, until: 'visit.outcome == \"not_needed\"'}\n"

MISTAKES = {  # what is written, what stands there instead, which words of it stand on the line that is found, what mends it
    "a key of the file is misspelt": ("title: Child", "tittle: Child", "tittle", r'"title"'),
    "the file does not say what it is": ("workflow: child-domestic-labour", "name: child", "name", r'"workflow" is missing here: add it'),
    "the version is missing": ("version: 3\n", "", "workflow:", r'"version".*missing.*version: 1'),
    "the version is a word": ("version: 3", "version: three", "three", r"whole number|number"),
    "the version stands in quotes": ("version: 3", 'version: "3"', '"3"', r"without quotes"),
    "a place is written in words": ("[IN-AS, IN-ML]", "[Assam]", "Assam", r"IN-AS"),
    "what it extends is not there": ("version: 3", "version: 3\nextends: trafficking-chid", "extends", r"check the name"),
    "the key of a step is misspelt": ("uses: rescue.execute", "use: rescue.execute", "use:", r'"uses"'),
    "a step says not what is done": ("    uses: rescue.execute\n", "", "rescue:", r'"uses"'),
    "a step type is misspelt": ("uses: rescue.execute", "uses: rescue.excute", "excute", r'"rescue.execute"'),
    "a step type is named without its pillar": ("uses: rescue.execute", "uses: execute", "uses", r"pillar, a dot"),
    "the role stands beside the step": ("    assign: {role: ahtu_officer}", "    role: ahtu_officer", "role:",
                                        r"assign: \{role: ahtu_officer\}|\"assign\""),
    "the role stands without its key": ("assign: {role: ahtu_officer}", "assign: ahtu_officer", "ahtu", r"role: ahtu_officer"),
    "a role is written in words": ("role: ahtu_officer", "role: Police officer", "Police", r"an id of lower-case letters"),
    "a role is misspelt": ("role: ahtu_officer", "role: ahtu_oficer", "oficer", r'"ahtu_officer"'),
    "a role is one that nobody has": ("role: ahtu_officer", "role: nurse", "nurse", r"There are: ahtu_officer"),
    "a role is one that does no work of cases": ("role: ahtu_officer", "role: system_administrator", "system_adm", r"such as caseworker"),
    "a length is written in words": ("limit: PT48H", "limit: 2 days", "2 days", r"P2D|P15D"),
    "a length is written short": ("limit: PT48H", "limit: 48h", "48h", r"PT48H|PT24H|PT30M"),
    "a length is a number": ("limit: PT48H", "limit: 48", "48", r"PT48H|PT24H|PT30M"),
    "hours are written without their T": ("limit: PT48H", "limit: P48H", "P48H", r"PT48H"),
    "days are written with a T": ("limit: PT48H", "limit: PT2D", "PT2D", r"P2D"),
    "a length has a part of a day": ("limit: PT48H", "limit: P1.5D", "P1.5D", r"whole numbers"),
    "a length is written small": ("limit: PT48H", "limit: pt48h", "pt48h", r"PT48H"),
    "the time stands without its key": ("time: {limit: PT48H, ladder: critical}", "time: PT48H", "time: PT48H", r"limit: PT48H"),
    "the key of the time is misspelt": ("    time: {limit: PT48H", "    times: {limit: PT48H", "times", r'"time"'),
    "the limit stands beside the step": ("    time: {limit: PT48H, ladder: critical}", "    limit: PT48H", "limit", r"time: \{limit: PT48H\}"),
    "a person's step has no time at all": ("    time: {limit: PT48H, ladder: critical}\n", "", "rescue:", r'give it a "time"'),
    "the limit for all stands first": ("      - {from: start, limit: PT24H, ladder: standard, warn: [50%, 80%]}\n",
                                       "      - {limit: PT24H}\n      - {from: start, limit: PT48H}\n", "{limit: PT24H}", r"[Mm]ove it to the end"),
    "time starts from what nobody tells": ("from: start, limit: PT30M", "from: report, limit: PT30M", "report", r'Write "from: start"'),
    "time starts from a field that is not there": ("time: {limit: PT24H}", "time: {from: rescue.rescue_at, limit: PT24H}", "rescue_at", r'"rescued_at"'),
    "time starts from what comes later": ("from: start, limit: PT30M", "from: triage, limit: PT30M", "from: triage", r'Write "from: start", or name a step before it'),
    "a limit of the law is misspelt": ("law: IN-JJ-SIR-15D", "law: IN-JJ-SIR-15", "SIR-15,", r'"IN-JJ-SIR-15D"'),
    "a limit of the law has a length too": ("{law: IN-JJ-SIR-15D", "{limit: P15D, law: IN-JJ-SIR-15D", "P15D", r"take one out"),
    "a ladder is named as one speaks": ("limit: PT48H, ladder: critical", "limit: PT48H, ladder: urgent", "urgent", r"critical"),
    "a warning is a bare number": ("warn: [50%, 80%]", "warn: [50, 80]", "warn", r"50%"),
    "the step before is written large": ("after: [triage]", "after: [Triage]", "Triage", r'"triage"'),
    "the steps before are not in brackets": ("after: [home_report, safety]", "after: home_report, safety", "after: home", r"\[home_report, safety\]"),
    "the step before is named by its type": ("after: [triage]", "after: reporting.triage", "after: reporting", r'"triage"'),
    "the step before is misspelt": ("after: [triage]", "after: [traige]", "traige", r'"triage"'),
    "a step waits for itself": ("after: [triage]", "after: [rescue]", "after: [rescue]", r"circle"),
    "two steps wait for each other": ("after: [intake]", "after: [rescue]", "after: [", r"circle"),
    "as many are waited for as there are not": ("after: [home_report, safety]", "after: {n: 3, of: [home_report, safety]}", "n: 3", r"from 1 to 2"),
    "one equals sign": (WHEN, "when: 'triage.decision = \"rescue\"'", "when: 'triage", r"write == to compare"),
    "and is written as a word": (WHEN, "when: 'triage.decision == \"rescue\" and true'", "when: 'triage", r'Write && for "and"'),
    "not is written as a word": ("&& !fear_stated", "&& not fear_stated", "until:", r'Write ! for "not"'),
    "the answer stands without quotes": (WHEN, "when: triage.decision == rescue", "when: triage", r'"rescue"'),
    "quotes of a word processor": (WHEN, "when: 'triage.decision == “rescue”'", "when: 'triage", r"straight|plain"),
    "a condition on a step that is not there": (WHEN, "when: 'triaje.decision == \"rescue\"'", "triaje", r"triage\.decision"),
    "a condition on a question that is not there": (WHEN, "when: 'triage.decison == \"rescue\"'", "decison", r'"decision"|decision'),
    "an answer that is not offered": (WHEN, "when: 'triage.decision == \"recsue\"'", "recsue", r'"rescue"'),
    "an answer written large": (WHEN, "when: 'triage.decision == \"Rescue\"'", "Rescue", r'"rescue"'),
    "yes or no is compared with a word": ("has(intake.immediate_danger) && intake.immediate_danger", 'intake.immediate_danger == "yes"', "immediate_danger ==", r"with ! before it"),
    "a number is compared with a word": (WHEN, "when: 'intake.children > \"2\"'", "children", r"without quotes"),
    "a question that may not be asked for": (WHEN, "when: 'intake.name == \"X\"'", "intake.name", r"open question"),
    "a condition asks what comes later": ("    uses: reporting.triage\n", "    uses: reporting.triage\n    when: 'decision.decision == \"return\"'\n", "when: 'decision", r"comes before"),
    "a fact that nobody declared": ("&& !fear_stated", "&& !fear_told", "fear_told", r'"fear_stated"|fear_stated'),
    "a key stands twice": ("  rescue:\n", "  triage: {uses: reporting.triage}\n  rescue:\n", "triage: {", r"[Kk]eep one|twice"),
    "a tab instead of spaces": ("    uses: rescue.execute", "\tuses: rescue.execute", "uses: rescue.execute", r"A tab stands here: indent and align with spaces"),
    "a step is not far enough to the right": ("  rescue:\n    uses", "  rescue:\n  uses", "uses: rescue", r"to the right"),
    "no colon after the name of a step": ("  rescue:\n", "  rescue\n", "rescue\n", r"colon|“:”|\":\""),
    "no space after a colon": ("    uses: rescue.execute", "    uses:rescue.execute", "uses:rescue", r"a space is missing after the colon"),
    "a bracket that is not closed": ("assign: {role: ahtu_officer}", "assign: {role: ahtu_officer", "assign: {role: ahtu", r"closing } is missing"),
    "a colon inside a title": ("title: Child in domestic labour", "title: Child: in domestic labour", "title:", r"quotes"),
    "the name of a step has a hyphen": ("  safety:\n", "  safety-plan:\n", "safety-plan", r'Write "safety_plan"'),
    "the name of a step begins with a number": ("  safety:\n", "  2nd_safety:\n", "2nd_safety", r"begins with a letter"),
    "the name of a step is a sentence": ("  safety:\n", "  Safety plan:\n", "Safety plan", r'"safety_plan"'),
    "for whom is not written whole": ("for_each: case.victims", "for_each: victims", "for_each: victims", r"case\.victims"),
    "a repetition without an end": (VISIT, "    repeat: {every: P1M}\n", "repeat", r'"times"'),
    "how often is written in words": ("every: P1M", "every: monthly", "monthly", r"P1M"),
    "a question without its words": (ASKS, "      - {id: phone, type: bool}", "id: phone", r'"label"'),
    "a type of question that is not there": (ASKS, "      - {id: phone, type: yesno, label: Phone?}", "yesno", r"There are: bool, choice"),
    "a question without its answers": (ASKS, "      - {id: phone, type: choice, label: Phone?}", "id: phone", r'lists its "choices"'),
    "a question that the form has already": (ASKS, "      - {id: risk, type: bool, label: Risk?}", "id: risk", r"choose another id"),
    "yes instead of true": ("    uses: rescue.execute", "    uses: rescue.execute\n    discretionary: yes", "discretionary: yes", r"true and false stand without quotes"),
    "a gate without a reason": ("    reason: No return before a satisfactory home report and the person's own will.\n", "", "return-home", r'"reason"'),
    "a gate that asks what it holds back": ("until: 'home_report.recommendation != \"unsafe\" && decision.wishes_return == \"yes\" && !fear_stated'",
                                            "until: 'visit.outcome == \"done\"'", "until:", r"Ask for a step before that"),
    "the second person is named without a key": ("    uses: rescue.execute", "    uses: rescue.execute\n    approve: supervisor", "approve", r"role: supervisor"),
    "four eyes by role": ("not: intake", "not: intake_officer", "intake_officer}", r'Did you mean "intake"'),
    "a late step opens one that is not there": ("time: {limit: P14D}", "time: {limit: P14D, on_breach: late_note}", "late_note", r"no step"),
    "a follow-up that is not there": ("    uses: rescue.execute", "    uses: rescue.execute\n    follow_ups: {order: {limit: P1D}}", "follow_ups", r"uses"),
    "how it begins stands without its key": (BEGINS, "start: hand", "start: hand", r"start: \{on: hand\}"),
    "a title is a number": ("title: Child in domestic labour", "title: 2026", "2026", r'quotes: "2026"'),
    "one place stands without brackets": ("[IN-AS, IN-ML]", "IN-AS", "IN-AS", r"jurisdictions: \[IN-AS\]"),
    "a named start is a list": (BEGINS, f"{BEGINS}\nstarts: {{safe: [rescue, triage]}}", "safe:", r"safe: \{any: \[rescue, triage\]\}"),
    "a named start names a step that is not there": (BEGINS, f"{BEGINS}\nstarts: {{safe: {{any: [resceu, triage]}}}}", "safe:", r'Did you mean "rescue"'),
    "everything is misspelt": ("after: [handover]", "after: everyting", "everyting", r'Did you mean "everything"'),
    "a ladder is a group of keys": ("limit: PT48H, ladder: critical", "limit: PT48H, ladder: {role: supervisor}", "{role: supervisor}", r"ladder: standard"),
    "the answers of a question are a list": (ASKS, "      - {id: phone, type: choice, label: Phone?, choices: [has_one, has_none]}", "id: phone", r'choices: \{yes: "Yes", no: "No"\}'),
    "there are no steps": (EXAMPLE[EXAMPLE.index("steps:"):EXAMPLE.index("gates:")], "steps: {}\n", "steps: {}", r"like steps: \{ask: \{uses: core.ask\}\}"),
    "the first of the steps has a hyphen": ("  intake:\n", "  - intake:\n", "- intake", r'hyphen out before it, like "intake:"'),
    "every step has a hyphen": (EXAMPLE[EXAMPLE.index("steps:"):EXAMPLE.index("gates:")], "steps:\n  - intake:\n      uses: reporting.intake\n", "- intake", r'hyphen out before it, like "intake:"'),
    "when a step opens is written in words": ("    uses: rescue.execute", "    uses: rescue.execute\n    not_before: 2 weeks", "not_before", r"did you mean P2W"),
    "the person is asked of where there is none": (WHEN, "when: person.is_child", "person", r"for_each: case.persons"),
    "a default is of another type": ("default: false", "default: no", "default: no", r"write true or false"),
    "a named condition is misspelt": ("close: {when: all, unless: open_deadlines}", "conditions: {fears: fear_stated}\nclose: {abort: feers}", "feers", r"did you mean the named condition fears"),
    "a named condition is used nowhere": (BEGINS, f"{BEGINS}\nconditions: {{fears: fear_stated}}", "fears", r'Nothing uses the named condition "fears": use it, or take it out'),
    "who does it is answered with true": ("assign: {role: ahtu_officer}", "assign: true", "assign: true", r"Write assign: \{role: …\}"),
    "a limit in a list of times has no key": ("time: {limit: P14D}", "time: [P14D]", "[P14D]", r"Write \{limit: P14D\}"),
    "a length is a list": ("time: {limit: P14D}", "time: {limit: [P14D]}", "[P14D]", r"Write it like PT48H"),
    "the report opens it, beside the start": (BEGINS, "on: report", "on: report", r"start: \{on: report\}"),
    "a value is left empty": ("    assign: {role: ahtu_officer}\n", "    assign:\n", "assign:\n", r"Give it a value, or take it out"),
    "the workflow of a part is misspelt": (BEGINS, f"{BEGINS}\nparts: {{care: {{workflow: aftercaer}}}}", "aftercaer", r'Did you mean "aftercare"'),
}  # fmt: skip


def test_there_are_sixty_of_them_and_the_workflow_is_sound_before() -> None:
    assert len(MISTAKES) >= 60
    assert _lint(EXAMPLE) == ()


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_at_its_line_with_what_mends_it(name: str) -> None:
    before, after, at, remedy = MISTAKES[name]
    assert before in EXAMPLE
    text = EXAMPLE.replace(before, after, 1)
    lines = {number for number, line in enumerate(text.split("\n"), 1) if at in f"{line}\n"}
    told = [(one.line, one.message) for one in _lint(text)]
    assert any(line in lines and re.search(remedy, message) for line, message in told), f"{sorted(lines)}: {told}"


BASE = (
    EXAMPLE.replace("limit: PT48H", "limit: $rescued_within")
    .replace(WHEN, "when: to_be_rescued")
    .replace("after: [rescue]\n    time", "after: safe\n    time")
    .replace("version: 3\n", f"version: 3\nparameters: {{rescued_within: PT48H}}\nconditions: {{to_be_rescued: {WHEN[6:]}}}\n"
             "starts: {safe: {any: [rescue]}}\n")
)  # fmt: skip
CALL = "    follow_ups: {call: {uses: reintegration.visit, law: IN-JJ-SIR-15D, when: 'this.outcome == \"done\"'}}\n"
OWN = "workflow: own\nversion: 1\nextends: child-domestic-labour\ntitle: Own\n"

IN_A_FILE_THAT_EXTENDS = {  # what is written, what it should be, which words of it stand on the line that is found, the finding
    "the file that it extends": (OWN.replace("labour", "labor"), OWN, "extends", r'unknown-workflow: .*check the name. Did you mean "child-domestic-labour"'),
    "the key": (OWN.replace("extends", "extend"), OWN, "extend:", r'unknown-key: .*Did you mean "extends"'),
    "a parameter": ("parameters: {rescued_withn: PT12H}", "parameters: {rescued_within: PT12H}", "rescued_withn", r'unused-name: Nothing uses the parameter "rescued_withn": did you mean "rescued_within"'),
    "a condition": ("conditions: {to_be_resuced: 'true'}", "conditions: {to_be_rescued: fear_stated}", "resuced", r'unused-name: .*did you mean "to_be_rescued"'),
    "a start": ("starts: {saef: {any: [production]}}", "starts: {safe: {any: [production]}}", "saef", r'unused-name: .*named start "saef": did you mean "safe"'),
    "a start that is waited for": ("steps: {handover: {after: {also: saef}}}", "steps: {handover: {after: {also: safety}}}", "saef", r'unknown-step: .*Did you mean "safe"'),
    "a start from which time counts": ("steps: {handover: {time: {from: saef}}}", "steps: {handover: {time: {from: safe}}}", "saef", r'bad-from: .*Did you mean "safe"'),
    "a step": ("steps:\n  resceu: {time: {limit: PT2H}}", "steps:\n  rescue: {time: {limit: PT2H}}", "resceu", r'missing-key: .*no step "resceu"\. Did you mean "rescue"\? .*uses: reporting.intake'),
    "a gate": ("gates: {return-hom: {reason: No.}}", "gates: {return-home: {reason: No.}}", "return-hom", r'missing-key: .*no gate "return-hom"\. Did you mean "return-home"\?.*holds'),
    "a step that goes": ("steps: {visits: null}", "steps: {visit: null}", "visits", r'removes-nothing: .*Did you mean "visit"'),
    "a gate that goes": ("gates: {return-hom: null}", "gates: {return-home: null}\nfacts: {fear_stated: null}", "return-hom", r'removes-nothing: .*Did you mean "return-home"'),
    "a follow-up that goes": ("steps: {visit: {follow_ups: {agian: null}}}", "steps: {visit: {follow_ups: {again: null}}}", "agian", r'unknown-follow-up: .*Did you mean "again"\? There is nothing to leave out here'),
    "a limit over the law of a follow-up": ("steps: {visit: {follow_ups: {call: {limit: P1D}}}}", "steps: {visit: {follow_ups: {call: {limit: P1D, law: null}}}}", "P1D", r'limit-and-law: .*"law: null"'),
    "a step of a list that goes": ("steps: {decision: {after: {except: [saftey]}}}", "steps: {decision: {after: {except: [safety]}}}", "saftey", r'removes-nothing: .*Did you mean "safety"'),
    "a limit over a law": ("steps: {production: {time: {limit: PT12H}}}", "steps: {production: {time: {limit: PT12H, law: null}}}", "PT12H", r'limit-and-law: .*"law" is inherited, so write "law: null"'),
    "a law over a limit": ("steps: {visit: {time: {law: IN-JJ-SIR-15D}}}", "steps: {visit: {time: {law: IN-JJ-SIR-15D, limit: null}}}", "law:", r'limit-and-law: .*"limit" is inherited, so write "limit: null"'),
    "a limit over a law and its option": ("steps: {home_report: {time: {limit: P9D}}}", "steps: {home_report: {time: {limit: P9D, law: null, option: null}}}", "P9D", r'write "law: null, option: null"'),
}  # fmt: skip


def _extending(text: str) -> tuple[Finding, ...]:
    text = text if text.startswith("workflow") else f"{OWN}{text}\n"
    base = BASE.replace("law: IN-JJ-SIR-15D", "law: IN-JJ-SIR-15D, option: with_reasons").replace(VISIT, VISIT + CALL)
    names = replace(NAMES, workflows=frozenset({"child-domestic-labour"}))
    return lint_workflow(
        text, catalogue=FOLLOWED, names=names, file="own.yaml", library={"child-domestic-labour": base}.get
    )


def test_the_file_that_is_extended_is_sound() -> None:
    assert _lint(BASE) == ()
    assert _extending(OWN) == ()


@pytest.mark.parametrize("name", IN_A_FILE_THAT_EXTENDS)
def test_a_misspelt_name_of_what_is_extended_is_found_with_the_one_that_is_meant(name: str) -> None:
    wrong, right, at, remedy = IN_A_FILE_THAT_EXTENDS[name]
    lines = (wrong if wrong.startswith("workflow") else f"{OWN}{wrong}").split("\n")
    [line] = [number for number, line in enumerate(lines, 1) if at in line]
    told = [(one.file, one.line, f"{one.code}: {one.message}") for one in _extending(wrong)]
    assert any(one[:2] == ("own.yaml", line) and re.search(remedy, one[2]) for one in told), told
    assert {one[0] for one in told} == {"own.yaml"}, told
    assert _extending(right) == ()
