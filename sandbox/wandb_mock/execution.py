"""Runs GraphQL documents against the schema. graphql-core does the language, introspection included."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    get_named_type,
    parse,
    specified_rules,
    type_from_ast,
    validate,
)
from graphql.validation import VariablesInAllowedPositionRule

from sandbox.wandb_mock.api import accounts, artifact_changes, artifacts, files, projects, run_changes, runs
from sandbox.wandb_mock.api.context import Context, Info
from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store.rows import Collection, Run

FIELDS = [module.FIELDS for module in (accounts, projects, runs, run_changes, files, artifacts, artifact_changes)]
# Client versions declare their variables differently (String for ID, [String] for [String!]), and the real server takes
# them all. What arrives in a variable is checked anyway, when it is used.
RULES = [rule for rule in specified_rules if rule is not VariablesInAllowedPositionRule]
MAX_TOKENS = 20_000
MAX_DEPTH = 60
OPEN_TO_ALL = frozenset({"viewer", "serverInfo", "__type", "__schema", "__typename"})


@functools.cache
def schema() -> GraphQLSchema:
    """The schema, with a resolver on each field that is not simply an attribute of what stands above it."""
    folder = Path(__file__).parent / "schema"
    built = build_schema("\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.graphql"))))
    for fields in FIELDS:
        for type_name, resolvers in fields.items():
            kind = built.type_map[type_name]
            assert isinstance(kind, GraphQLObjectType)
            for field_name, resolver in resolvers.items():
                if field_name in kind.fields:
                    kind.fields[field_name].resolve = resolver
    return built


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]
    operation: str
    """The operation's name, else its first field, "" if the document cannot be read."""


def run(text: Any, variables: Any, operation: Any, context: Context) -> Answer:
    """Execute one request. Errors come as HTTP status and body, as the real server gives them."""
    if not isinstance(text, str) or not isinstance(operation, str | None) or not isinstance(variables, dict | None):
        return _refusal(400, "a request needs a query as text, and variables as an object", "")
    try:
        document = _parse(text)
    except GraphQLError as problem:
        return _refusal(400, problem.message, "")
    name = operation or _name(document)
    problems = validate(schema(), document, RULES)
    if problems:
        return _refusal(400, "; ".join(problem.message for problem in problems[:5]), name)
    if not context.authenticated and not _open_to_all(document):
        return _refusal(401, "user is not logged in", name)
    result = execute_sync(
        schema(),
        document,
        context_value=context,
        variable_values=_without_unknown_nulls(variables, document),
        operation_name=operation or None,
        field_resolver=_attribute,
        type_resolver=_type_of,
    )
    if not result.errors:
        return Answer(200, {"data": result.data}, name)
    causes = [_cause(problem) for problem in result.errors]
    shown = [
        {"message": cause.message, "path": problem.path} for cause, problem in zip(causes, result.errors, strict=True)
    ]
    return Answer(causes[0].status, {"data": result.data, "errors": shown}, name)


def _parse(text: str) -> DocumentNode:
    try:
        _check_depth(text)
        return parse(text, max_tokens=MAX_TOKENS, no_location=True)
    except RecursionError as problem:
        raise GraphQLError("the document is nested too deeply") from problem


def _check_depth(text: str) -> None:
    """The library parses and validates by recursion; the deepest real document, introspection, has a depth of 12."""
    depth = 0
    for character in re.findall(r"[{}\[\]()]", text):
        depth += 1 if character in "{[(" else -1
        if depth > MAX_DEPTH:
            raise GraphQLError("the document is nested too deeply")


def _refusal(status: int, message: str, name: str) -> Answer:
    return Answer(status, {"errors": [{"message": message}]}, name)


def _cause(problem: GraphQLError) -> RefusedError:
    """What a resolver refused; numbers and texts that no database takes; else the library's own complaint."""
    original = problem.original_error
    if isinstance(original, RefusedError):
        return original
    if isinstance(original, UnicodeEncodeError | OverflowError):
        return RefusedError(400, f"a value cannot be stored: {original}")
    if original is None or isinstance(original, GraphQLError):
        return RefusedError(400, problem.message)
    raise original


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [part for part in document.definitions if isinstance(part, OperationDefinitionNode)]


def _name(document: DocumentNode) -> str:
    for operation in _operations(document):
        if operation.name:
            return operation.name.value
        for selection in operation.selection_set.selections:
            if isinstance(selection, FieldNode):
                return selection.name.value
    return ""


def _open_to_all(document: DocumentNode) -> bool:
    """Whether a caller without a key may ask this: who am I, what can the server do."""
    selections = [part for operation in _operations(document) for part in operation.selection_set.selections]
    return all(isinstance(part, FieldNode) and part.name.value in OPEN_TO_ALL for part in selections)


def _without_unknown_nulls(variables: dict[str, Any] | None, document: DocumentNode) -> dict[str, Any]:
    """Newer clients send every field of an input, null where unused; those that the schema lacks are left out."""
    cleaned = dict(variables or {})
    for operation in _operations(document):
        for variable in operation.variable_definitions or ():
            kind, name = type_from_ast(schema(), variable.type), variable.variable.name.value
            if name in cleaned:
                cleaned[name] = _prune(cleaned[name], kind)
    return cleaned


def _prune(value: Any, kind: Any) -> Any:
    named = get_named_type(kind)
    if isinstance(value, list):
        return [_prune(one, named) for one in value]
    if not isinstance(value, dict) or not isinstance(named, GraphQLInputObjectType):
        return value
    known = named.fields
    return {
        key: _prune(one, known[key].type) if key in known else one
        for key, one in value.items()
        if key in known or one is not None
    }


def _attribute(source: Any, info: Info, **_: Any) -> Any:
    """The default resolver: a key of a dictionary, or the attribute of the same name in snake_case."""
    if isinstance(source, dict):
        return source.get(info.field_name)
    return getattr(source, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", info.field_name).lower(), None)


def _type_of(value: Any, info: Info, kind: Any) -> str | None:
    if isinstance(value, Collection):
        return "ArtifactSequence"
    return "Run" if isinstance(value, Run) else None
