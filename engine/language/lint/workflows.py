"""Lint one workflow: its shape, then its names, order, times, conditions and titles."""

from pathlib import Path

from engine.language.catalogue import StepCatalogue
from engine.language.extends import Library, LoadedWorkflow, assemble
from engine.language.findings import Finding, in_order
from engine.language.lint.asking import check_conditions
from engine.language.lint.details import check_details
from engine.language.lint.known import KnownNames
from engine.language.lint.naming import check_names
from engine.language.lint.paths_through import check_paths
from engine.language.lint.subject import Subject
from engine.language.lint.telling import check_titles
from engine.language.lint.timing import check_times
from engine.language.yaml_files import YamlDocument, read_yaml, read_yaml_file


def no_library(_name: str) -> None:
    """Know no other workflow, so that nothing can be extended."""


def lint_workflow(
    path_or_text: Path | str | bytes,
    *,
    catalogue: StepCatalogue,
    names: KnownNames,
    library: Library = no_library,
    file: str | None = None,
) -> tuple[Finding, ...]:
    """Find what is wrong with one workflow, in the order of the file; empty when nothing is.

    A `Path` is read from disk; text is linted as it is, and `file` names it in findings. `library` finds the workflows
    that this one extends. Never raises for what the file holds.
    """
    if isinstance(path_or_text, Path):
        document = read_yaml_file(path_or_text, file=file)
    else:
        document = read_yaml(path_or_text, file=file or "workflow.yaml")
    return lint_document(document, catalogue=catalogue, names=names, library=library)


def lint_document(
    document: YamlDocument, *, catalogue: StepCatalogue, names: KnownNames, library: Library
) -> tuple[Finding, ...]:
    """Find what is wrong with a workflow that was read already."""
    return lint_loaded(assemble(document, library=library), catalogue=catalogue, names=names)


def lint_loaded(loaded: LoadedWorkflow, *, catalogue: StepCatalogue, names: KnownNames) -> tuple[Finding, ...]:
    """Find what is wrong with a workflow that was put together already."""
    if loaded.workflow is None:
        return loaded.findings
    subject = Subject(loaded.workflow, loaded.merged, catalogue, names)
    for check in (check_names, check_paths, check_times, check_conditions, check_details, check_titles):
        check(subject)
    return in_order((*loaded.findings, *subject.findings))
