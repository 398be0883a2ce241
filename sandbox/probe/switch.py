"""The environment that loads the probe into every Python process of a command."""

from __future__ import annotations


def site_variables(tools: str) -> dict[str, str]:
    """Environment that loads what accompanies an experiment; `tools` is where the folder sandbox/inside is seen.

    By the second variable an environment that inside/install.py made finds it where a process was started with a
    PYTHONPATH of its own.
    """
    site = f"{tools.rstrip('/')}/site"
    return {"PYTHONPATH": site, "SANDBOX_REVIEW_SITE": site}


def probe_variables(tools: str, socket: str, root: str) -> dict[str, str]:
    """Environment that switches the probe on; all three are sandbox paths.

    `socket` is the event server's, `root` the repository's root, below which files are the submission's own.
    """
    return {**site_variables(tools), "SANDBOX_REVIEW_EVENTS": socket, "SANDBOX_REVIEW_ROOT": root}


def cut_variables(words: str = "on") -> dict[str, str]:
    """Environment that cuts loops short where the probe is on; `words` may set limits: "batches=3 trials=1"."""
    return {"SANDBOX_REVIEW_CUT": words}
