"""Small edits of YAML text by position; comments and everything else stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from runner.repairs.python_text import Edit, edited


def root_of(text: str) -> yaml.MappingNode | None:
    """The document's root mapping with its positions; None where it is none or does not parse."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return node if isinstance(node, yaml.MappingNode) else None


def child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """The value of a key; the last one where it stands twice, as YAML readers have it."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in reversed(node.value) if name.value == key), None)


def at_path(text: str, path: Sequence[str]) -> yaml.Node | None:
    """The node at a path of keys."""
    node: yaml.Node | None = root_of(text)
    for key in path:
        node = child(node, key)
    return node


def line_of(text: str, path: Sequence[str]) -> int | None:
    """Line of the value at a path, from 1."""
    node = at_path(text, path)
    return node.start_mark.line + 1 if node is not None else None


def with_key(text: str, path: Sequence[str], value: str) -> str | None:
    """The text with `path: value` set: replaced where it is a scalar, added where it is absent.

    None where something else stands in the way.
    """
    root = root_of(text)
    if root is None:
        if any(line.strip() and not line.strip().startswith(("#", "---")) for line in text.splitlines()):
            return None
        return _ended(text) + _block(path, value, 0)
    node: yaml.Node = root
    for depth, key in enumerate(path):
        found = child(node, key)
        if found is None:
            return _added(text, node, path[depth:], value)
        node = found
    if not isinstance(node, yaml.ScalarNode):
        return None
    start, end = node.start_mark.index, node.end_mark.index
    lead = "" if start and text[start - 1] in " \t" else " "
    return edited(text, [(start, end, lead + value)])


def _added(text: str, node: yaml.Node, path: Sequence[str], value: str) -> str | None:
    if isinstance(node, yaml.ScalarNode):
        if node.value not in ("", "null", "~"):
            return None
        return edited(text, [(node.start_mark.index, node.end_mark.index, f" {_flow(path, value)}")])
    if not isinstance(node, yaml.MappingNode):
        return None
    if node.flow_style:
        at = node.end_mark.index - 1
        lead = ", " if node.value else ""
        return edited(text, [(at, at, lead + _flow(path, value)[1:-1])])
    indent = node.value[0][0].start_mark.column
    at = _end_of_entry(text, node.value[-1][1])
    return edited(text, [_line_edit(text, at, _block(path, value, indent))])


def _line_edit(text: str, at: int, line: str) -> Edit:
    """Inserts whole lines at a line's start, or at the end of a text that does not end its last line."""
    return (at, at, line) if at == 0 or text[at - 1] == "\n" else (at, at, "\n" + line.rstrip("\n"))


def _end_of_entry(text: str, node: yaml.Node) -> int:
    """Where the line after the last line of a value begins."""
    last = node
    while isinstance(last, (yaml.MappingNode, yaml.SequenceNode)) and not last.flow_style and last.value:
        tail = last.value[-1]
        last = tail[1] if isinstance(tail, tuple) else tail
    # A block scalar ends behind its line break.
    block = isinstance(last, yaml.ScalarNode) and last.style in ("|", ">")
    if block:
        return last.end_mark.index
    end = text.find("\n", last.end_mark.index)
    return len(text) if end < 0 else end + 1


def _block(path: Sequence[str], value: str, indent: int) -> str:
    lines = [f"{' ' * (indent + 2 * depth)}{key}:" for depth, key in enumerate(path)]
    lines[-1] += f" {value}"
    return "\n".join(lines) + "\n"


def _flow(path: Sequence[str], value: str) -> str:
    # Between brackets a question mark begins a key.
    value = f'"{value}"' if value.startswith("?") else value
    for key in reversed(path):
        value = f"{{{key}: {value}}}"
    return value


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def defaults(text: str) -> list[tuple[str, yaml.Node]]:
    """Entries of the defaults list as their source text, with their nodes."""
    node = child(root_of(text), "defaults")
    if not isinstance(node, yaml.SequenceNode):
        return []
    return [(text[item.start_mark.index : item.end_mark.index].strip(), item) for item in node.value]


def with_default(text: str, entry: str) -> str | None:
    """The text with an entry at the end of the defaults list; a list is begun where there is none."""
    root = root_of(text)
    node = child(root, "defaults")
    if isinstance(node, yaml.SequenceNode):
        if node.flow_style or not node.value:
            at = node.end_mark.index - 1
            key, _, option = entry.partition(": ")
            word = _flow([key], option) if option else entry
            return edited(text, [(at, at, (", " if node.value else "") + word)])
        dash = _line_start(text, node.value[-1].start_mark.index)
        lead = text[dash : node.value[-1].start_mark.index]
        at = _end_of_entry(text, node.value[-1])
        return edited(text, [_line_edit(text, at, f"{lead}{entry}\n")])
    if node is not None:
        return None
    block = f"defaults:\n  - _self_\n  - {entry}\n"
    if root is None:
        return _ended(text) + block
    at = _line_start(text, root.value[0][0].start_mark.index)
    return edited(text, [(at, at, block)])


def without_default(text: str, node: yaml.Node) -> str:
    """The text without an entry of the defaults list."""
    start = _line_start(text, node.start_mark.index)
    return edited(text, [(start, _end_of_entry(text, node), "")])


def without_key(text: str, key: yaml.Node, value: yaml.Node) -> str:
    """The text without one entry of a block mapping."""
    return edited(text, [(_line_start(text, key.start_mark.index), _end_of_entry(text, value), "")])


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1
