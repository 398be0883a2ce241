"""Archives of a repository usually hold one folder that is the repository; its name is no part of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_OF_A_REPOSITORY = frozenset({"src", "config", "data", "models"})


def without_top_folder(names: Sequence[str]) -> Callable[[str], str]:
    """How the archive's names (folders end in /) become repository paths.

    Names that could lead astray are left as they are, so that the check of paths still sees them.
    """
    plain = [name.removeprefix("./") for name in names if name not in {".", "./"}]
    tops = {name.partition("/")[0] for name in plain}
    single = len(tops) == 1 and all("/" in name for name in plain)
    top = next(iter(tops)) if single else ""
    if top in {"", ".", ".."} or top in _OF_A_REPOSITORY:
        top = ""

    def rename(name: str) -> str:
        path = name.removeprefix("./") if name != "./" else ""
        return path.removeprefix(f"{top}/") if top else path

    return rename
