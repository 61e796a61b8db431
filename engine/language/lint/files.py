"""Lint definition files and folders of every kind together: they know each other's names."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine.language.calendars import Calendar
from engine.language.catalogue import StepCatalogue
from engine.language.extends import Library, LoadedWorkflow, assemble
from engine.language.findings import Finding, in_order
from engine.language.ladders import Ladder
from engine.language.law import LawPack
from engine.language.library import (
    MODELS,
    DefinitionKind,
    Definitions,
    definition_files,
    definitions_of,
    is_story,
    kind_of,
)
from engine.language.lint.asking import check_conditions
from engine.language.lint.naming import check_details, check_names, check_titles
from engine.language.lint.other_files import (
    check_calendar,
    check_ladder,
    check_law_pack,
    check_rota,
    kept_too_briefly,
    levels_out_of_order,
)
from engine.language.lint.short_names import check_short_names
from engine.language.lint.subject import KnownNames, Subject, check_paths
from engine.language.lint.timing import check_times
from engine.language.lint.ways import check_follow_ups, check_ways
from engine.language.merged import alone
from engine.language.retention import RetentionPolicy
from engine.language.rotas import Rota
from engine.language.shape import fit
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
    return lint_loaded(assemble(document, library=library, known=names.workflows), catalogue=catalogue, names=names)


def lint_loaded(loaded: LoadedWorkflow, *, catalogue: StepCatalogue, names: KnownNames) -> tuple[Finding, ...]:
    """Find what is wrong with a workflow that was put together already."""
    if loaded.workflow is None:
        return loaded.findings
    subject = Subject(loaded.workflow, loaded.merged, catalogue, names)
    for check in (
        check_names,
        check_paths,
        check_times,
        check_ways,
        check_follow_ups,
        check_conditions,
        check_details,
        check_titles,
        check_short_names,
    ):
        check(subject)
    return in_order((*loaded.findings, *subject.findings))


def lint_documents(
    documents: Sequence[YamlDocument],
    *,
    catalogue: StepCatalogue,
    names: KnownNames,
    around: Definitions | None = None,
) -> tuple[Finding, ...]:
    """Find what is wrong with definition files that were read, in the order of files and lines.

    The files know each other's names, beside `names`; what they extend and do not hold is looked up in `around`.
    """
    definitions = definitions_of(list(documents), around=around)
    known = with_definitions(names, definitions)
    findings: list[Finding] = []
    for document in documents:
        findings += _library_file(document, catalogue, known)
    better = {(finding.file, finding.code) for finding in findings}
    findings += [found for found in definitions.findings if not _is_told_better(found, better)]
    for loaded in definitions.loaded.values():
        findings += lint_loaded(loaded, catalogue=catalogue, names=known)
    return in_order(findings)


def with_definitions(names: KnownNames, definitions: Definitions) -> KnownNames:
    """Add the names of definitions to those that are known."""
    own = KnownNames.of(
        ladders=definitions.names(DefinitionKind.LADDER),
        packs=definitions.packs.values(),
        calendars=definitions.names(DefinitionKind.CALENDAR),
    )
    return replace(
        names,
        ladders=names.ladders | own.ladders,
        laws={**names.laws, **own.laws},
        calendars=names.calendars | own.calendars,
        workflows=names.workflows | definitions.names(DefinitionKind.WORKFLOW),
    )


def _library_file(document: YamlDocument, catalogue: StepCatalogue, names: KnownNames) -> list[Finding]:
    kind = kind_of(document)
    if kind is None or kind is DefinitionKind.WORKFLOW or document.findings:
        return []
    merged = alone(document)
    record, _ = fit(MODELS[kind], merged)
    match record:
        case Ladder():
            found = check_ladder(record, merged, names)
        case Calendar():
            found = check_calendar(record, merged, names)
        case RetentionPolicy():
            found = kept_too_briefly(record, merged)
        case Rota():
            found = check_rota(record, merged)
        case LawPack():
            found = check_law_pack(record, merged, catalogue)
        case _:
            found = levels_out_of_order(merged) if kind is DefinitionKind.LADDER else []
    return found


def _is_told_better(found: Finding, better: set[tuple[str, str]]) -> bool:
    """Return whether another finding names the level that this one speaks of in general."""
    return found.code == "bad-value" and (found.file, "levels-out-of-order") in better


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
    """Return whether a path leads to a folder; False for one that cannot be asked about."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
