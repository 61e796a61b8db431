"""Lint files and folders of definitions of every kind."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine.spec.catalogue import StepCatalogue
from engine.spec.findings import Finding, in_order
from engine.spec.library import Definitions, definition_files, definitions_of, is_story
from engine.spec.lint.known import KnownNames
from engine.spec.lint.workflows import lint_loaded
from engine.spec.yaml_files import read_yaml_file


def lint_paths(
    paths: Sequence[Path], *, catalogue: StepCatalogue, names: KnownNames, around: Definitions | None = None
) -> tuple[Finding, ...]:
    """Find what is wrong with the definitions of files and folders.

    The files know each other's names, beside `names`; what they extend and do not hold is looked up in `around`.
    """
    files = [file for path in paths for file in (definition_files(path) if _is_folder(path) else (path,))]
    documents = [read_yaml_file(file) for file in dict.fromkeys(files)]
    definitions = definitions_of(documents, around=around)
    known = with_definitions(names, definitions)
    findings = list(definitions.findings)
    empty = [path for path in paths if _is_folder(path) and not definition_files(path)]
    findings += [Finding(str(path), 1, 1, "cannot-open", "This folder holds no .yaml file.") for path in empty]
    stories = [document.file for document in documents if is_story(document) and Path(document.file) in paths]
    findings += [
        Finding(file, 1, 1, "unknown-kind", 'This is a story: play it with "icmc replay".') for file in stories
    ]
    for loaded in definitions.loaded.values():
        findings += lint_loaded(loaded, catalogue=catalogue, names=known)
    return in_order(findings)


def with_definitions(names: KnownNames, definitions: Definitions) -> KnownNames:
    """Add the names of definitions to those that are known."""
    own = KnownNames.of(ladders=definitions.ladders, packs=definitions.packs.values(), calendars=definitions.calendars)
    return replace(
        names,
        ladders=names.ladders | own.ladders,
        laws={**names.laws, **own.laws},
        calendars=names.calendars | own.calendars,
        workflows=names.workflows | frozenset(definitions.workflows),
    )


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
