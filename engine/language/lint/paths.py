"""Lint files and folders of definitions of every kind."""

from collections.abc import Sequence
from pathlib import Path

from engine.language.catalogue import StepCatalogue
from engine.language.findings import Finding, in_order
from engine.language.library import Definitions, definition_files, is_story
from engine.language.lint.files import lint_documents
from engine.language.lint.known import KnownNames
from engine.language.yaml_files import read_yaml_file


def lint_paths(
    paths: Sequence[Path], *, catalogue: StepCatalogue, names: KnownNames, around: Definitions | None = None
) -> tuple[Finding, ...]:
    """Find what is wrong with the definitions of files and folders.

    The files know each other's names, beside `names`; what they extend and do not hold is looked up in `around`.
    """
    files = [file for path in paths for file in (definition_files(path) if is_folder(path) else (path,))]
    documents = [read_yaml_file(file) for file in dict.fromkeys(files)]
    findings = list(lint_documents(documents, catalogue=catalogue, names=names, around=around))
    empty = [path for path in paths if is_folder(path) and not definition_files(path)]
    findings += [Finding(str(path), 1, 1, "cannot-open", "This folder holds no .yaml file.") for path in empty]
    stories = [document.file for document in documents if is_story(document) and Path(document.file) in paths]
    findings += [
        Finding(file, 1, 1, "unknown-kind", 'This is a story: play it with "icmc replay".') for file in stories
    ]
    return in_order(findings)


def is_folder(path: Path) -> bool:
    """Say whether a path leads to a folder; False for one that cannot be asked about."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
