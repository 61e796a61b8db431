"""Lint definition files of every kind together: they know each other's names."""

from collections.abc import Sequence
from dataclasses import replace

from engine.language.calendars import Calendar
from engine.language.catalogue import StepCatalogue
from engine.language.findings import Finding, in_order
from engine.language.ladders import Ladder
from engine.language.law import LawPack
from engine.language.library import MODELS, DefinitionKind, Definitions, definitions_of, kind_of
from engine.language.lint.calendars import check_calendar
from engine.language.lint.known import KnownNames
from engine.language.lint.ladders import check_ladder, levels_out_of_order
from engine.language.lint.law_packs import check_law_pack
from engine.language.lint.retention import kept_too_briefly
from engine.language.lint.workflows import lint_loaded
from engine.language.merged import alone
from engine.language.retention import RetentionPolicy
from engine.language.shape import fit
from engine.language.yaml_files import YamlDocument


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
    own = KnownNames.of(ladders=definitions.ladders, packs=definitions.packs.values(), calendars=definitions.calendars)
    return replace(
        names,
        ladders=names.ladders | own.ladders,
        laws={**names.laws, **own.laws},
        calendars=names.calendars | own.calendars,
        workflows=names.workflows | frozenset(definitions.workflows),
    )


def _library_file(document: YamlDocument, catalogue: StepCatalogue, names: KnownNames) -> list[Finding]:
    kind = kind_of(document)
    if kind is None or kind is DefinitionKind.WORKFLOW or document.findings:
        return []
    merged = alone(document)
    record, _ = fit(MODELS[kind], merged)
    match record:
        case Ladder():
            return check_ladder(record, merged, names)
        case Calendar():
            return check_calendar(record, merged, names)
        case RetentionPolicy():
            return kept_too_briefly(record, merged)
        case LawPack():
            return check_law_pack(record, merged, catalogue)
        case _:
            return levels_out_of_order(merged) if kind is DefinitionKind.LADDER else []


def _is_told_better(found: Finding, better: set[tuple[str, str]]) -> bool:
    """Say whether another finding names the level that this one speaks of in general."""
    return found.code == "bad-value" and (found.file, "levels-out-of-order") in better
