"""Bring the catalogues of the languages of pages up to date: `python -m tests.languages.catalogues [FOLDER]`.

What a page says stands in its template, in the questions and titles of pillars and workflows, in the sentences of the
modules that make pages, and in what others choose and put together for them. A new message begins untranslated, and is
none of a catalogue that has words only; one that nothing says any more is dropped, and named.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import polib
from jinja2 import Environment

from engine.builtin import CORE
from engine.cases.answers import _NOT_TO_BE_KEPT, _WORDS
from engine.cases.records import TooManyReportsError
from engine.cases.sentences import OUTCOMES, SAID
from engine.core.policy import Action
from engine.core.records import PersonRole
from engine.core.steps import UnknownOutcomeError
from engine.definitions.records import SpecialDayError
from engine.documents.records import FileRefusedError
from engine.errors import BusyError, IcmcError, NotFoundError
from engine.language.diagram import lane_title
from engine.language.findings import DefinitionError
from engine.language.ladders import ItemPerson
from engine.language.lanes import LaneView
from engine.language.names import OF_PERSONS, ProgramRole, Role, in_plain_words
from engine.language.words import FACT_KINDS, people
from engine.language.yaml_files import read_yaml
from engine.machine import data_folder, shipped_sources
from engine.numbers.records import _ORDINALS
from engine.people.records import region_words, to_choose
from engine.plugin.kinds import _rules_of
from engine.plugin.registry import UnknownStepTypeError, load_registry
from engine.sharing.records.consent import GROUNDS, PACKAGES, RIGHTS
from engine.web.failures import _STATUSES
from engine.web.languages import head_of
from engine.web.translation import is_words, messages_of
from engine.web.turns import TooMuchAtOnceError
from engine.work.views.form import _outcomes, _purpose

REGIONS = tuple(path.stem.upper() for path in sorted(data_folder("workflows").glob("calendars/*.yaml")))
_MARK = re.compile(r"\{\w+\}")
_LIKE_CODE = re.compile(r"[\\[\]|]|^[a-z]+[A-Z]|^[A-Z][a-z]+(-[A-Z][a-z]+)+$")
CATALOGUES = data_folder("templates") / "languages"
_ENGINE = Path(__file__).parents[2] / "engine"
_SAY_NOTHING = frozenset(
    {"security.py", "problems.py", "turns.py", "languages.py", "translation.py", "uploads.py", "pages/__init__.py"}
)
_SAID_AGAIN = (BusyError, FileRefusedError, SpecialDayError, TooManyReportsError, TooMuchAtOnceError)
_SAYS_NOTHING = (NotFoundError, DefinitionError, UnknownStepTypeError, UnknownOutcomeError)
"""Errors that pages tell by themselves, and those of which they tell a person nothing, or what stands in a file."""
_WITH_LISTS: Final = (
    "access/records.py", "approvals/actions/concerns.py", "cases/records.py", "core/deadlines/lateness.py",
    "core/law/applicability.py", "core/retention.py", "core/time/explain.py", "core/time/reckoning.py",
    "definitions/actions/law.py", "definitions/actions/retire.py",
    "hubs/records.py", "imports/records.py", "jobs/records.py", "jobs/views.py",
    "messages/actions/channels.py", "messages/actions/recipients.py", "numbers/records.py", "numbers/views/figures.py",
    "people/actions/program_keys.py", "persons/actions/subject.py", "work/views/form.py",
)  # fmt: skip
"""Modules whose lists of reasons, groups and titles pages show."""
_WITH_SENTENCES: Final = (
    "definitions/actions/days.py", "definitions/actions/retire.py",
    "core/law/applicability.py", "core/time/explain.py", "core/time/reckoning.py", "deadlines/actions/escalating.py",
    "deadlines/views/why.py", "jobs/records.py", "jobs/views.py", "overview/views/steps.py",
)  # fmt: skip
"""Modules that put together, with values, what pages show."""
_NOT_SHOWN: Final = frozenset({
    "original file", "queue cases", "another one runs", "time limit of a step {value}",
    "Automatic work has been paused since {value} UTC{value2}. {value3}. {value4}.",
})  # fmt: skip
"""What these modules tell programs and the command line alone."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LEVELS: Final = (
    "Level {level}", "Level {level}, again ({again})", "{number}% of the time", "Warning, {point}",
    "{length} before it is due", "{length} after it was due", "when it is due",
    "given up ({reason})", "sent {at}", "read {at}", "shown, not read yet, since {at}",
)  # fmt: skip
"""What `point_words` and `delivery_words` put together."""
_TERMS: Final = (
    "network target, based on {source}",
    "legal deadline, {source}",
    "advisory limit, {source}",
    "under {number}",
    "So says {title}, version {version}: {place}.",
)
"""What `law_term` and the reasons of a limit put together."""
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@cache
def messages() -> dict[str, str]:
    """Return every message of pages with where it is said first; what is met most often comes first."""
    found: dict[str, str] = {}
    for words, place in (
        *_of_templates(), *_of_modules(), *_of_lists(), *_of_records(), *_of_forms(), *_of_workflows(), *_of_errors(),
        *_of_told(),
    ):  # fmt: skip
        found.setdefault(words, place)
    return found


def _of_templates() -> Iterator[tuple[str, str]]:
    environment = Environment(trim_blocks=True, lstrip_blocks=True)  # noqa: S701 - nothing is rendered
    for file in sorted((data_folder("templates") / "portal").glob("*.html")):
        for message in messages_of(file.read_text(encoding="utf-8"), environment):
            yield message, f"portal/{file.name}"


def _of_modules() -> Iterator[tuple[str, str]]:
    """Every sentence of the modules that make pages: docstrings, and what is put together with values, left out."""
    folders = ("web/*.py", "*/pages.py", "*/pages/*.py", "numbers/charts.py", "plugin/kinds.py", "plugin/answers.py")
    for file in sorted(path for pattern in folders for path in _ENGINE.glob(pattern)):
        place = str(file.relative_to(_ENGINE))
        if file.name not in _SAY_NOTHING and not place.startswith("api/"):
            yield from ((words, place) for words in _sentences(_tree(place)))


def _sentences(tree: ast.Module) -> Iterator[str]:
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    silent |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    said = {
        id(node.args[0]) for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "say"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield from [node.value] if id(node) in said or _is_shown(node.value) else []


def _of_errors() -> Iterator[tuple[str, str]]:
    """Why something is refused: the sentences of errors that have a page, what they are raised with, rules of forms."""
    said_again = (*(one for one, _ in _STATUSES), *_SAID_AGAIN)
    shown = [
        kind for kind in _kinds(IcmcError)
        if issubclass(kind, said_again) and not issubclass(kind, _SAYS_NOTHING) and "sentence" in vars(kind)
    ]  # fmt: skip
    sentences = (*(kind.sentence for kind in shown), *_WORDS.values(), _NOT_TO_BE_KEPT, *(one.value for one in Action))
    yield from ((words, "errors") for words in sentences if _is_said(words))
    for form, key in ((step.form, step.key) for step in load_registry().step_types.values() if step.form):
        yield from ((words, key) for words, _ in _rules_of(form))
    names = {kind.__name__ for kind in shown}
    for file in sorted(_ENGINE.glob("**/*.py")):
        place = str(file.relative_to(_ENGINE))
        for node in ast.walk(_tree(place)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
                arguments = (*node.args, *(one.value for one in node.keywords))
                yield from ((words, place) for words in _texts(arguments) if " " in words and _is_said(words))


def _of_records() -> Iterator[tuple[str, str]]:
    yield from ((words, place) for words, place in _beside_pages() if words not in _NOT_SHOWN)


def _beside_pages() -> Iterator[tuple[str, str]]:
    """What can be chosen, and what is put together, in modules that make no pages; what a second person is asked."""
    for place in _WITH_LISTS:
        kept = [node for node in _tree(place).body if isinstance(node, ast.Assign | ast.AnnAssign) and node.value]
        yield from ((words, place) for words in _texts(kept) if _is_shown(_MARK.sub("…", words)))
    for place in _WITH_SENTENCES:
        made = [part for node in ast.walk(_tree(place)) if isinstance(node, ast.FunctionDef) for part in node.body]
        texts = (words.strip() for words in _texts(made) if "}{" not in words)
        yield from ((words, place) for words in texts if " " in words and _is_said(words))
    for file in sorted(_ENGINE.glob("*/actions/*.py")):
        for node in ast.walk(_tree(place := str(file.relative_to(_ENGINE)))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Handler":
                yield from ((words, place) for words in _texts(node.args) if _is_shown(words))


_TELL: Final = frozenset({"tell", "self.tell", "words.tell"})


def _of_told() -> Iterator[tuple[str, str]]:
    """What modules that know no page tell in words: each message of theirs, also one that has a name first."""
    for file in sorted(_ENGINE.glob("**/*.py")):
        nodes = list(ast.walk(_tree(place := str(file.relative_to(_ENGINE)))))
        named: dict[str, list[ast.expr]] = {}
        for node in nodes:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
                one = node.targets[0] if isinstance(node, ast.Assign) else node.target
                named.setdefault(ast.unparse(one), []).append(node.value)
        told = (node.args[0] for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) in _TELL)
        yield from ((words, place) for one in told for words in _told(one, named) if _is_message(words))


def _is_message(words: str) -> bool:
    return re.search("[A-Za-z]{2}", _MARK.sub("", words)) is not None


def _told(node: ast.expr, named: Mapping[str, list[ast.expr]]) -> Iterator[str]:
    """Return what an expression can be: one of two, one of a table, what a name stands for."""
    match node:
        case ast.Constant(str() as words):
            yield words
        case ast.IfExp():
            yield from (words for one in (node.body, node.orelse) for words in _told(one, named))
        case ast.Dict():
            yield from (words for one in node.values for words in _told(one, named))
        case ast.Subscript():
            yield from _told(node.value, named)
        case ast.Name():
            yield from (words for one in named.get(node.id, ()) for words in _told(one, {}))


@cache
def _tree(place: str) -> ast.Module:
    return ast.parse((_ENGINE / place).read_text(encoding="utf-8"))


def _kinds(kind: type[IcmcError]) -> tuple[type[IcmcError], ...]:
    return (kind, *(more for one in kind.__subclasses__() for more in _kinds(one)))


def _is_said(words: str) -> bool:
    """Whether this is more than its values: a name, or a sentence that is put together elsewhere, is no message."""
    return len(re.findall(r"[A-Za-z]{2,}", re.sub(r"\{\w+\}", "", words))) > 1


def _texts(code: Iterable[ast.AST]) -> Iterator[str]:
    """Return the texts in code but keys and docstrings; a value in one is named `value`, a further one `value2`."""
    parts = [part for one in code for part in ast.walk(one)]
    inside = {id(key) for part in parts if isinstance(part, ast.Dict) for key in part.keys}
    inside |= {id(part.value) for part in parts if isinstance(part, ast.Expr)}
    for node in parts:
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in ast.walk(node)}
            names = iter(["value", *(f"value{number}" for number in range(2, 9))])
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else f"{{{next(names)}}}" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def _is_shown(text: str) -> bool:
    return is_words(text) and not _LIKE_CODE.search(text)


def _of_forms() -> Iterator[tuple[str, str]]:
    yield CORE.name, CORE.key
    known = load_registry(builtins=(CORE,)).step_types
    for key, step in sorted(known.items(), key=lambda one: (one[0] != "reporting.record", one[0])):
        later = step.follow_ups.values()
        yield from ((words, key) for one in later for words in (one.title, one.act) if words)
        yield from (
            (words, key) for words in (step.title, _purpose(step, key), *_outcomes(step, None).values()) if words
        )
        for spec in step.fields:
            said = (spec.label, spec.help, spec.public_label, spec.public_help, *spec.choices.values())
            yield from ((words, key) for words in said if words)


def _of_lists() -> Iterator[tuple[str, str]]:
    """Names that pages show by themselves: of roles, languages, places, days, lengths of time, whoever is notified."""
    yield from ((role.label, "roles") for role in (*Role, *ProgramRole))
    yield from ((in_plain_words(role), "roles") for role in PersonRole)
    yield from ((name, "times") for name in (*DAYS, *WEEKDAYS, *MONTHS, *(month[:3] for month in MONTHS)))
    yield from (
        (f"{{number}} {unit}", "times") for unit in ("minutes", "hours", "days", "working days", "weeks", "months")
    )
    yield from ((f"1 {unit}", "times") for unit in ("minute", "hour", "day", "working day", "week", "month", "year"))
    yield from ((words, "times") for words in ("{number} seconds", "{number} working hours", "{number} years"))
    yield from ((words, "times") for words in ("1 second", "1 working hour"))
    yield from ((what, "conditions") for what in OF_PERSONS.values())
    yield from ((kind, "facts") for kind in FACT_KINDS.values())
    yield from ((people([role.value]), "roles") for role in Role)
    yield from ((f"the {person}", "ladders") for person in ItemPerson if person is not ItemPerson.ON_CALL)
    yield from ((f"the {role.label.lower()} of the {of}", "ladders") for of in ("unit", "partner") for role in Role)
    yield from ((words, "ladders") for words in ("whoever is on call", "whoever has the work", "at once", *_LEVELS))
    yield from ((words, "law") for words in _TERMS)
    yield from ((part.title, "sharing") for part in (*PACKAGES.values(), *RIGHTS.values(), *GROUNDS))
    yield "Second person ({number})", "menu"
    yield "Person {number}", "persons"
    yield "Outcome", "conditions"
    yield lane_title("core"), "pillars"
    yield from ((view.value, "lanes") for view in LaneView)
    yield from ((f"{one} quarter of {{number}}", "periods") for name in _ORDINALS for one in (name, name.capitalize()))
    yield from ((name, "languages") for name in to_choose().values())
    yield from ((region_words(code), "regions") for code in REGIONS)
    yield "Re-integration", "pillars"
    yield from ((words, "history") for words in (*SAID, *OUTCOMES.values(), "Done", "A step", ", round {round}"))


def _of_workflows() -> Iterator[tuple[str, str]]:
    for name, source in shipped_sources().items():
        if "/cases/" in name:
            yield from ((words, name) for words in _words_in(read_yaml(source, file=name).data))


_SAID_BY_A_WORKFLOW: Final = frozenset({"title", "description", "label", "help", "reason"})


def _words_in(node: object) -> Iterator[str]:
    """What a workflow says to people: what it is and is for, questions, choices, help, why something is held back."""
    if isinstance(node, list):
        yield from (words for one in node for words in _words_in(one))
    if isinstance(node, dict):
        yield from (str(value) for key, value in node.items() if key in _SAID_BY_A_WORKFLOW and isinstance(value, str))
        chosen = node.get("choices")
        yield from map(str, chosen.values()) if isinstance(chosen, dict) else ()
        yield from (words for value in node.values() for words in _words_in(value))


def update(file: Path) -> tuple[polib.POFile, list[str]]:
    """Bring one catalogue up to date, and return it with the messages that were dropped; what is doubtful stays so."""
    found = polib.pofile(str(file))
    kept = {line.msgid: line for line in found}
    made = polib.POFile(wrapwidth=0)
    made.header, made.metadata = found.header, found.metadata
    is_whole = head_of(file).is_whole
    for words, place in messages().items():
        line = kept.pop(words, None)
        if line or is_whole:
            known = line or polib.POEntry()
            made.append(polib.POEntry(msgid=words, msgstr=known.msgstr, flags=known.flags, occurrences=[(place, "")]))
    made.save(str(file))
    return made, list(kept)


if __name__ == "__main__":
    for catalogue in sorted(Path(sys.argv[1] if sys.argv[1:] else CATALOGUES).glob("*.po")):
        lines, dropped = update(catalogue)
        sys.stdout.write(f"{catalogue.name}: {len(lines.translated_entries())} of {len(lines)} translated\n")
        sys.stdout.writelines(f"  dropped: {words}\n" for words in dropped)
