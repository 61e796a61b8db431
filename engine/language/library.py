"""All definitions of a folder, told apart by their first key, and the JSON Schema of each kind."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from engine.language.calendars import Calendar
from engine.language.extends import LoadedWorkflow, Source, assemble
from engine.language.findings import Finding, in_order
from engine.language.ladders import Ladder
from engine.language.law import LawPack
from engine.language.merged import alone
from engine.language.retention import RetentionPolicy
from engine.language.rotas import Rota
from engine.language.shape import fit
from engine.language.texts import MessageText, PaperText
from engine.language.workflow import Workflow
from engine.language.yaml_files import YamlDocument, read_yaml, read_yaml_file

_PARAMETER = r"^\$[a-z][a-z0-9_]*$"
SUFFIXES = frozenset({".yaml", ".yml"})


class DefinitionKind(StrEnum):
    """The kinds of definition; the value is the key that names a definition of this kind."""

    WORKFLOW = "workflow"
    LADDER = "ladder"
    LAW = "law"
    CALENDAR = "calendar"
    RETENTION = "retention"
    MESSAGE = "message"
    DOCUMENT = "document"
    ROTA = "rota"


@dataclass(frozen=True, slots=True)
class Definitions:
    """The definitions of a folder by name; what cannot be used is left out and told in `findings`."""

    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    ladders: Mapping[str, Ladder] = field(default_factory=dict)
    packs: Mapping[str, LawPack] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    retentions: Mapping[str, RetentionPolicy] = field(default_factory=dict)
    messages: Mapping[str, MessageText] = field(default_factory=dict)
    documents: Mapping[str, PaperText] = field(default_factory=dict)
    rotas: Mapping[str, Rota] = field(default_factory=dict)
    sources: Mapping[tuple[DefinitionKind, str], Source] = field(default_factory=dict, repr=False)
    loaded: Mapping[str, LoadedWorkflow] = field(default_factory=dict, repr=False)
    findings: tuple[Finding, ...] = ()

    def workflow_source(self, name: str) -> Source | None:
        """Find the text of a workflow by its name, for `extends`."""
        return self.sources.get((DefinitionKind.WORKFLOW, name))

    def names(self, wanted: DefinitionKind) -> frozenset[str]:
        """Return the names of all files of a kind, also of those that cannot be used."""
        return frozenset(name for kind, name in self.sources if kind is wanted)


def load_definitions(folder: Path) -> Definitions:
    """Load every definition file below a folder."""
    return definitions_of([read_yaml_file(path) for path in definition_files(folder)])


def definition_files(folder: Path) -> tuple[Path, ...]:
    """List the YAML files below a folder, in order of their names; hidden files and folders are left out."""
    found = [path for path in folder.rglob("*") if path.suffix in SUFFIXES]
    return tuple(sorted(path for path in found if not any(part[:1] == "." for part in path.relative_to(folder).parts)))


def kind_of(document: YamlDocument) -> DefinitionKind | None:
    """Say what a file defines, by its top-level keys; None when it is none of the kinds."""
    data = document.data if isinstance(document.data, dict) else {}
    return None if is_story(document) else next((kind for kind in DefinitionKind if kind in data), None)


def is_story(document: YamlDocument) -> bool:
    """Return whether a file tells a story to be replayed, which is no definition."""
    return isinstance(document.data, dict) and "timeline" in document.data


def around_a_file(texts: Mapping[str, str]) -> Definitions:
    """Return what the linting of a file needs of sound definitions beside it: names, texts, limits of the law."""
    packs = definitions_of([read_yaml(text, file=file) for file, text in texts.items() if _LAW.search(text)]).packs
    named = {file: found for file, text in texts.items() if (found := _NAMED.search(text))}
    sources = {(DefinitionKind(one[1]), one[2]): Source(file, texts[file]) for file, one in named.items()}
    return Definitions(packs=packs, sources=sources)


_NAMED = re.compile(rf"^({'|'.join(DefinitionKind)}): *(\S+)", re.MULTILINE)
_LAW = re.compile(rf"^{DefinitionKind.LAW}:", re.MULTILINE)


def definitions_of(documents: list[YamlDocument], *, around: Definitions | None = None) -> Definitions:
    """Load definitions from files that were read; workflows that they extend may also be `around`."""
    gathering = _Gathering(around or Definitions())
    for document in documents:
        gathering.index(document)
    for kind, document in gathering.documents.values():
        gathering.load(kind, document)
    return gathering.result()


class _Gathering:
    """Gathers definitions file by file."""

    def __init__(self, around: Definitions) -> None:
        self._around = around
        self.documents: dict[tuple[DefinitionKind, str], tuple[DefinitionKind, YamlDocument]] = {}
        self._records: dict[DefinitionKind, dict[str, BaseModel]] = {kind: {} for kind in DefinitionKind}
        self._loaded: dict[str, LoadedWorkflow] = {}
        self._findings: list[Finding] = []

    def index(self, document: YamlDocument) -> None:
        """Take a file in by its kind and name."""
        kind = kind_of(document)
        if is_story(document):
            return
        if kind is None:
            self._findings += document.findings or (_unknown_kind(document),)
            return
        name = str(document.data[kind.value]) if isinstance(document.data, dict) else ""
        if (kind, name) in self.documents:
            first = self.documents[kind, name][1].file
            problem = f'The {kind} "{name}" is already defined in {first}: give one of them another name.'
            position = document.position((kind.value,))
            self._findings.append(Finding(document.file, *position, "name-used-twice", problem))
            return
        self.documents[kind, name] = (kind, document)

    def load(self, kind: DefinitionKind, document: YamlDocument) -> None:
        """Make the record of a file that was taken in."""
        if kind is DefinitionKind.WORKFLOW:
            loaded = assemble(document, library=self._source, known=self._workflows())
            record: BaseModel | None = loaded.workflow
            self._findings += loaded.findings
            if loaded.workflow:
                self._loaded[loaded.workflow.workflow] = loaded
        else:
            record, problems = fit(MODELS[kind], alone(document))
            self._findings += [*document.findings, *problems]
            record = None if document.findings else record
        if record is not None:
            self._records[kind][str(getattr(record, "name", None) or getattr(record, "workflow", ""))] = record

    def result(self) -> Definitions:
        """Return what was gathered."""
        return Definitions(
            workflows={k: v for k, v in self._records[DefinitionKind.WORKFLOW].items() if isinstance(v, Workflow)},
            ladders={k: v for k, v in self._records[DefinitionKind.LADDER].items() if isinstance(v, Ladder)},
            packs={k: v for k, v in self._records[DefinitionKind.LAW].items() if isinstance(v, LawPack)},
            calendars={k: v for k, v in self._records[DefinitionKind.CALENDAR].items() if isinstance(v, Calendar)},
            retentions={
                k: v for k, v in self._records[DefinitionKind.RETENTION].items() if isinstance(v, RetentionPolicy)
            },
            messages={k: v for k, v in self._records[DefinitionKind.MESSAGE].items() if isinstance(v, MessageText)},
            documents={k: v for k, v in self._records[DefinitionKind.DOCUMENT].items() if isinstance(v, PaperText)},
            rotas={k: v for k, v in self._records[DefinitionKind.ROTA].items() if isinstance(v, Rota)},
            sources={key: Source(document.file, document.text) for key, (_, document) in self.documents.items()},
            loaded=self._loaded,
            findings=in_order(self._findings),
        )

    def _workflows(self) -> frozenset[str]:
        own = (name for kind, name in self.documents if kind is DefinitionKind.WORKFLOW)
        return self._around.names(DefinitionKind.WORKFLOW).union(own)

    def _source(self, name: str) -> Source | None:
        found = self.documents.get((DefinitionKind.WORKFLOW, name))
        return Source(found[1].file, found[1].text) if found else self._around.workflow_source(name)


MODELS: Mapping[DefinitionKind, type[BaseModel]] = {
    DefinitionKind.LADDER: Ladder, DefinitionKind.LAW: LawPack, DefinitionKind.CALENDAR: Calendar,
    DefinitionKind.RETENTION: RetentionPolicy, DefinitionKind.MESSAGE: MessageText,
    DefinitionKind.DOCUMENT: PaperText, DefinitionKind.ROTA: Rota,
}  # fmt: skip


def _unknown_kind(document: YamlDocument) -> Finding:
    kinds = ", ".join(f'"{kind}: name"' for kind in DefinitionKind)
    return Finding(document.file, 1, 1, "unknown-kind", f"This is no definition: begin with one of {kinds}.")


_FROM_A_WORD = frozenset({"_from_word", "_from_text"})
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BY_NAME: Final = ("properties", "patternProperties")


def json_schema(kind: DefinitionKind) -> dict[str, Any]:
    """Return the schema of one kind of definition file (JSON Schema 2020-12).

    It knows keys, types, words and bounds; what only the linter can know (names, order, conditions) is not in it.
    """
    model: type[BaseModel] = Workflow if kind is DefinitionKind.WORKFLOW else MODELS[kind]
    schema = model.model_json_schema(by_alias=True, schema_generator=_Shorthands)
    if kind is DefinitionKind.WORKFLOW:
        schema = _extending(schema)
    return {"$schema": _DIALECT, **schema}


class _Shorthands(GenerateJsonSchema):
    """Adds the short forms that files may use: one entry for a list of one, a word for a record."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """Describe what stands in a file, not what the short form becomes."""
        inner = super().function_before_schema(schema)
        name = getattr(schema["function"]["function"], "__name__", "")
        if name == "_as_join":
            return _join()
        if inner.get("type") == "array" and isinstance(inner.get("items"), Mapping):
            return {"anyOf": [inner["items"], inner]}
        if name in _FROM_A_WORD:
            return {"anyOf": [{"type": "string"}, {**inner, "additionalProperties": False}]}
        return inner

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        """Describe a text of a certain form, or the parameter that stands for it."""
        inner = super().str_schema(schema)
        return inner | ({"pattern": f"{inner['pattern']}|{_PARAMETER}"} if "pattern" in inner else {})

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Describe a record; where a word may stand for it, only the record itself is closed to other keys."""
        found = super().model_schema(schema)
        if "anyOf" in found:
            found.pop("additionalProperties", None)
        return found


def _join() -> JsonSchemaValue:
    steps = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}

    def record(**properties: JsonSchemaValue) -> JsonSchemaValue:
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    number = {"type": "integer", "minimum": 1}
    change = {**record(**{"also": steps, "except": steps}), "required": [], "minProperties": 1}
    return {"anyOf": [*steps["anyOf"], record(all=steps), record(any=steps), record(n=number, of=steps), change]}


def _extending(schema: dict[str, Any]) -> dict[str, Any]:
    """Let a workflow extend another one: then whatever it does not say is inherited, and null removes a key."""
    definitions = schema.pop("$defs")
    name = {"type": "string", "description": "The workflow whose keys this file inherits and overrides."}
    part = _partial({**schema, "properties": {**schema["properties"], "extends": name}})
    parts = {f"Partial{key}": _partial(found) for key, found in definitions.items()}
    return {
        "$defs": {**definitions, **parts, "WholeWorkflow": schema, "PartialWorkflow": part},
        "type": "object",
        "required": ["workflow", "version"],
        "if": {"required": ["extends"]},
        "then": {"$ref": "#/$defs/PartialWorkflow"},
        "else": {"$ref": "#/$defs/WholeWorkflow"},
    }


def _partial(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Take a part of the schema without what is required, so that each key may be left out or null."""
    if isinstance(schema, list):
        return [_partial(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key not in {"required", "minProperties"}}
    found = {key: _partial_each(value) if key in _BY_NAME else _partial(value) for key, value in kept.items()}
    if "$ref" in found:
        found["$ref"] = str(found["$ref"]).replace("#/$defs/", "#/$defs/Partial")
    for key in (*_BY_NAME, "additionalProperties"):
        if isinstance(found.get(key), dict):
            found[key] = _nullable(found[key]) if key == "additionalProperties" else _nullable_each(found[key])
    return found


def _partial_each(schemas: dict[str, Any]) -> dict[str, Any]:
    """Take each property in part; a property may be called `required` like a word of the schema."""
    return {name: _partial(schema) for name, schema in schemas.items()}


def _nullable_each(schemas: dict[str, Any]) -> dict[str, Any]:
    return {key: _nullable(schema) for key, schema in schemas.items()}


def _nullable(schema: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a schema
    return {"anyOf": [schema, {"type": "null"}]}
