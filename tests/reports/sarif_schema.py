"""What SARIF 2.1.0 (OASIS, sections 3.13 to 3.58) demands of the objects that we write, as a JSON Schema.

Narrower than the standard's own schema: a property that we do not write is not allowed, so that a new one is looked up
first.
"""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string", "minLength": 1}
_BAG = {"type": "object"}


def _object(required: str = "", **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def _several(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


_MESSAGE = _object("text", text=_TEXT)
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_RULE = _object(
    "id",
    id=_TEXT,
    shortDescription=_MESSAGE,
    fullDescription=_MESSAGE,
    defaultConfiguration=_object(level=_LEVEL),
    properties=_object(section={"type": "integer"}, tags=_several(_TEXT, uniqueItems=True)),
)
_ARTIFACT = _object("uri", uri={"type": "string", "format": "uri-reference"}, uriBaseId=_TEXT)
_REGION = _object("startLine", startLine={"type": "integer", "minimum": 1}, snippet=_object("text", text=_TEXT))
_PLACE = _object("artifactLocation", artifactLocation=_ARTIFACT, region=_REGION)
_RESULT = _object(
    "message ruleId level locations",
    ruleId=_TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=_LEVEL,
    message=_MESSAGE,
    locations=_several(_object("physicalLocation", physicalLocation=_PLACE), minItems=1),
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
    properties=_BAG,
)
_RUN = _object(
    "tool results",
    tool=_object("driver", driver=_object("name", name=_TEXT, version=_TEXT, rules=_several(_RULE, uniqueItems=True))),
    invocations=_several(
        _object("executionSuccessful", executionSuccessful={"type": "boolean"}, exitCode={"type": "integer"})
    ),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    originalUriBaseIds={"type": "object", "additionalProperties": _object(description=_MESSAGE, uri=_TEXT)},
    results=_several(_RESULT),
    properties=_BAG,
)
SARIF = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(
        "version runs",
        **{"$schema": {"type": "string", "format": "uri"}, "version": {"const": "2.1.0"}, "runs": _several(_RUN)},
    ),
}
