"""The JSON Schema of definition files, made from the same models that read them, for editors with completion."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from engine.language.library import MODELS, DefinitionKind
from engine.language.workflow import Workflow

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
    return {"anyOf": [*steps["anyOf"], record(all=steps), record(any=steps), record(n=number, of=steps)]}


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
