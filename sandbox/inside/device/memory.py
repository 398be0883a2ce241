"""The card's memory, told from this process's own: how much it has grown since torch was imported."""

import os

_state = {"total": 0, "base": 0, "peak": 0}
_PAGE = os.sysconf("SC_PAGE_SIZE")


def start(total):
    """Count from now on, on a card of `total` bytes."""
    _state.update(total=total, base=_resident(), peak=0)


def allocated():
    """Bytes in use now; never negative, never more than the card has."""
    now = min(max(0, _resident() - _state["base"]), _state["total"])
    _state["peak"] = max(_state["peak"], now)
    return now


def reset_peak():
    """The peak is what is in use now."""
    _state["peak"] = 0
    allocated()


def free_and_total():
    """Bytes free and bytes in all."""
    return _state["total"] - allocated(), _state["total"]


def statistics():
    """The nested dictionary over which torch.cuda.memory_stats() and its kin are written."""
    now = allocated()
    figures = {"current": now, "peak": _state["peak"], "allocated": _state["peak"], "freed": _state["peak"] - now}
    none = dict.fromkeys(figures, 0)
    one = {"all": figures, "small_pool": none, "large_pool": figures}
    nothing = {"all": none, "small_pool": none, "large_pool": none}
    result = dict.fromkeys(("allocated_bytes", "reserved_bytes", "active_bytes", "requested_bytes"), one)
    result.update(dict.fromkeys(("allocation", "segment", "active", "inactive_split", "inactive_split_bytes"), nothing))
    result.update(dict.fromkeys(("oversize_allocations", "oversize_segments"), none))
    counts = ("num_alloc_retries", "num_ooms", "num_sync_all_streams", "num_device_alloc", "num_device_free")
    result.update(dict.fromkeys(counts, 0))
    result["max_split_size"] = -1
    return result


def _resident():
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
