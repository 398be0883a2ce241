"""The types of a data set's columns, from the catalogue's short form to Arrow, JSON metadata and card YAML.

Short form: a dtype name ("string", "int32"), "image", {class_label: [names]}, {sequence: T}, {list: T},
{translation: [codes]}, or a mapping of names to types.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

Feature = Any

ARROW = {
    "string": pa.string(),
    "large_string": pa.large_string(),
    "bool": pa.bool_(),
    "binary": pa.binary(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "int8": pa.int8(),
    "uint8": pa.uint8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "timestamp[s]": pa.timestamp("s"),
}
IMAGE = pa.struct({"bytes": pa.binary(), "path": pa.string()})
AUDIO = IMAGE
CONSTRUCTORS = ("class_label", "sequence", "list", "translation", "audio")


def constructor(feature: Feature) -> str:
    """The name of a one-key constructor form, "struct" for a mapping of columns, "" for a plain dtype."""
    if not isinstance(feature, Mapping):
        return ""
    key = next(iter(feature))
    return key if len(feature) == 1 and key in CONSTRUCTORS else "struct"


def arrow_type(feature: Feature) -> pa.DataType:
    match constructor(feature):
        case "":
            return IMAGE if feature == "image" else ARROW[feature]
        case "audio":
            return AUDIO
        case "class_label":
            return pa.int64()
        case "translation":
            return pa.struct({code: pa.string() for code in feature["translation"]})
        case "list":
            return pa.list_(arrow_type(feature["list"]))
        case "sequence":
            inner = feature["sequence"]
            if constructor(inner) == "struct":
                # A sequence of records has always been stored as a record of sequences.
                return pa.struct({name: pa.list_(arrow_type(each)) for name, each in inner.items()})
            return pa.list_(arrow_type(inner))
        case _:
            return pa.struct({name: arrow_type(each) for name, each in feature.items()})


def metadata(feature: Feature) -> Any:
    """As `datasets` writes it into the parquet schema, in the form that all its versions read."""
    match constructor(feature):
        case "":
            return {"_type": "Image"} if feature == "image" else {"dtype": feature, "_type": "Value"}
        case "audio":
            return {"sampling_rate": feature["audio"], "_type": "Audio"}
        case "class_label":
            return {"names": [str(name) for name in feature["class_label"]], "_type": "ClassLabel"}
        case "translation":
            return {"languages": feature["translation"], "_type": "Translation"}
        case "list":
            return [metadata(feature["list"])]
        case "sequence":
            return {"feature": metadata(feature["sequence"]), "_type": "Sequence"}
        case _:
            return {name: metadata(each) for name, each in feature.items()}


def card(name: str, feature: Feature) -> dict[str, Any]:
    """One column of `dataset_info.features` in a README."""
    found: dict[str, Any] = {"name": name}
    match constructor(feature):
        case "":
            found["dtype"] = feature
        case "audio":
            found["dtype"] = {"audio": {"sampling_rate": feature["audio"]}}
        case "class_label":
            found["dtype"] = {"class_label": {"names": {str(i): str(n) for i, n in enumerate(feature["class_label"])}}}
        case "translation":
            found["dtype"] = {"translation": {"languages": feature["translation"]}}
        case "list" | "sequence" as kind:
            found[kind] = _inner(feature[kind])
        case _:
            found["struct"] = [card(key, each) for key, each in feature.items()]
    return found


def _inner(feature: Feature) -> Any:
    if constructor(feature) == "struct":
        return [card(name, each) for name, each in feature.items()]
    described = card("", feature)
    del described["name"]
    return described["dtype"] if set(described) == {"dtype"} and isinstance(described["dtype"], str) else described


def schema(features: Mapping[str, Feature]) -> pa.Schema:
    """The parquet schema of a whole table, with the metadata that `datasets` looks for."""
    described = {"info": {"features": {name: metadata(each) for name, each in features.items()}}}
    fields = [pa.field(name, arrow_type(each)) for name, each in features.items()]
    return pa.schema(fields, metadata={"huggingface": json.dumps(described)})
