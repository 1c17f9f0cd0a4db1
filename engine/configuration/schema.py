"""A JSON Schema of `interlock.toml`, made from the models: for editors that complete keys and mark mistakes."""

import inspect
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from engine.configuration.including import INCLUDABLE
from engine.configuration.meanings import meanings
from engine.configuration.models import Config, ObjectTypeConfig, SystemConfig
from engine.connectors import connector_names, find_connector

Schema = dict[str, Any]
_DRAFT = "http://json-schema.org/draft-07/schema#"
"""What Taplo, and VS Code by it, understand."""
HIDDEN = {(Config, "folder"), (SystemConfig, "options"), (ObjectTypeConfig, "options")}
"""Fields of the models that are no keys of the file."""


class _Generated(GenerateJsonSchema):
    """The schema of the models, each key with its meaning, and nothing that no file can say."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        found = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        properties = found.get("properties", {})
        told = meanings(model)
        for name, field in model.model_fields.items():
            key = field.alias or name
            if (model, name) in HIDDEN:
                properties.pop(key, None)
            elif key in properties:
                properties[key] = _described(properties[key], told.get(name, ""))
        found["description"] = " ".join((inspect.getdoc(model) or "").split())
        return found

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])  # how a default is written, the reference says


def _described(one: Schema, meaning: str) -> Schema:
    one.pop("title", None)
    text = " ".join(meaning.split())
    if not text:
        return one
    return {"allOf": [one], "description": text} if "$ref" in one else one | {"description": text}


def json_schema(*, of_included: bool = False) -> Schema:
    """Give the schema, with the keys of every connector that is installed; or that of a file that is included."""
    connectors = {name: find_connector(name) for name in connector_names()}
    own = [model for one in connectors.values() for model in (one.Options, one.ObjectOptions)]
    wanted = [(model, "validation") for model in dict.fromkeys([Config, *own])]
    references, schema = models_json_schema(
        wanted,  # type: ignore[arg-type]
        by_alias=True,
        ref_template="#/definitions/{model}",
        schema_generator=_Generated,
    )
    definitions: Schema = schema["$defs"]
    names = {model: str(ref["$ref"]).rpartition("/")[2] for (model, _), ref in references.items()}
    system, kind = definitions.pop(SystemConfig.__name__), definitions.pop(ObjectTypeConfig.__name__)
    for name, connector in connectors.items():
        types, options = definitions[names[connector.ObjectOptions]], definitions[names[connector.Options]]
        definitions[f"{name}-type"] = _together(kind, types)
        definitions[f"{name}-system"] = _of_connector(_together(system, options), name)
    places = [{"$ref": f"#/definitions/{name}-system"} for name in connectors]
    whole: Schema = definitions.pop(names[Config])
    whole["properties"]["systems"]["additionalProperties"] = {"anyOf": places}
    for model in own:
        definitions.pop(names[model], None)
    if of_included:
        whole["properties"] = {name: one for name, one in whole["properties"].items() if name in INCLUDABLE}
        whole.pop("required", None)
    return {"$schema": _DRAFT, "title": "interlock.toml", **whole, "definitions": definitions}


def _together(common: Schema, own: Schema) -> Schema:
    """Give the schema of a table whose keys are those of two models."""
    required = [*common.get("required", []), *own.get("required", [])]
    properties = own.get("properties", {}) | common["properties"]
    return common | {"properties": properties, "required": required}


def _of_connector(system: Schema, name: str) -> Schema:
    """Give the schema of a system with its connector, and its types."""
    types = system["properties"]["objects"] | {"additionalProperties": {"$ref": f"#/definitions/{name}-type"}}
    connector = system["properties"]["connector"] | {"const": name}
    return system | {"properties": system["properties"] | {"objects": types, "connector": connector}}
