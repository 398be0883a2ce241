"""What a check prints: one JSON object per line, {"check", "id", "ok", "seconds", ...facts or "error"}."""

import json
import time
import traceback


def guarded(check, name, work):
    """Do `work`, which returns a mapping of facts; print them, or the error that it raised."""
    began = time.time()
    try:
        facts = {"ok": True, **(work() or {})}
    except Exception as error:
        last = traceback.format_exc()[-1500:]
        facts = {"ok": False, "error": f"{type(error).__name__}: {str(error)[:700]}", "traceback": last}
    print(json.dumps({"check": check, "id": name, "seconds": round(time.time() - began, 2), **facts}), flush=True)
    return facts["ok"]
