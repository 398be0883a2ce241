"""Started by path with the runtime environment's Python: makes this folder a package, then runs it.

By path, because putting the program's own parent folder on `sys.path` would mix the host's packages into the
runtime environment.
"""

import importlib.util
import sys
from pathlib import Path

here = Path(__file__).parent
spec = importlib.util.spec_from_file_location("standins", here / "__init__.py", submodule_search_locations=[str(here)])
assert spec is not None and spec.loader is not None
package = importlib.util.module_from_spec(spec)
sys.modules["standins"] = package
spec.loader.exec_module(package)
importlib.import_module("standins.build").main()
