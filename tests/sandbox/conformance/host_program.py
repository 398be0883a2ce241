"""A host program for the clean-up tests: runs one endless command in a sandbox. Arguments: backend, folder, code."""

from __future__ import annotations

import sys
from pathlib import Path

from conformance_bench import Bench

from sandbox.backends import open_sandbox

if __name__ == "__main__":
    name, root, code = sys.argv[1:]
    sandbox = open_sandbox("docker", runtime="runsc") if name == "runsc" else open_sandbox(name)
    Bench(name, sandbox, Path(root)).run(code)
