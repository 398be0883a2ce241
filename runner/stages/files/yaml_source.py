"""YAML as Hydra reads it: duplicate keys are errors, which plain PyYAML lets through."""

from __future__ import annotations

from typing import Any

import yaml

from runner.evidence import FileProblem


class _Loader(yaml.SafeLoader):
    """SafeLoader that keeps the positions of duplicate keys."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.duplicates: list[tuple[int, str]] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    self.duplicates.append((key.start_mark.line + 1, key.value))
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: str, text: str) -> tuple[dict[str, Any] | None, list[FileProblem]]:
    """The mapping that the file holds, None if it holds none, and the file's problems."""
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        data = loader.get_single_data()
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        words = getattr(error, "problem", None) or str(error)
        line = mark.line + 1 if mark is not None else None
        return None, [FileProblem(file=path, line=line, kind="syntax", message=f"not valid YAML: {words}")]
    finally:
        if loader is not None:
            loader.dispose()
    problems = [
        FileProblem(file=path, line=line, kind="duplicate_key", message=f"the key {key!r} stands here a second time")
        for line, key in loader.duplicates
    ]
    if data is None:
        return None, [*problems, FileProblem(file=path, kind="empty", message="the file holds no value")]
    if not isinstance(data, dict):
        return None, [*problems, FileProblem(file=path, kind="not_a_mapping", message="the file is not a mapping")]
    return data, problems


def line_of_key(text: str, key: str) -> int | None:
    """The first line on which `key:` stands, at any depth."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip().startswith(f"{key}:"):
            return number
    return None
