"""Started by path with the runtime environment's Python: makes this folder a package, then runs it.

By path, because putting the program's own parent folder on `sys.path` would mix the host's packages into the
runtime environment. The package's own `__init__` is the host's side and stays out.
"""

import importlib
import sys
import types
from pathlib import Path

package = types.ModuleType("downloads")
package.__path__ = [str(Path(__file__).parent)]
sys.modules["downloads"] = package
importlib.import_module("downloads.build").main()
