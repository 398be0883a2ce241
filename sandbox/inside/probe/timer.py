"""Does something a little later, whatever the process does then.

By a thread that is there for so long only, and never while a process forks: a child of a process with threads may hang,
and newer Pythons warn of it. It is none of threading's, so that nobody who counts threads sees it.
"""

import _thread


class Timer:
    """Calls `action`, which must not raise, `seconds` after arm(); once, however often that was called meanwhile."""

    def __init__(self, seconds, action):
        self._seconds, self._action = seconds, action
        self._cancelled = None  # released to make the thread that waits end
        self._over = None  # released when the last thread is over

    def arm(self):
        """Start to wait, if nobody waits yet. Does nothing where a process may have no more threads."""
        if self._cancelled is not None:
            return
        cancelled, over = _taken(), _taken()
        self._cancelled, self._over = cancelled, over
        try:
            _thread.start_new_thread(self._wait, (cancelled, over))
        except RuntimeError:
            self._cancelled = self._over = None

    def cancel(self):
        """Wait no longer; True if somebody waited. Returns when no thread is left."""
        cancelled, self._cancelled = self._cancelled, None
        over = self._over
        if cancelled is not None:
            _release(cancelled)
        if over is not None and over.acquire(timeout=1):
            _release(over)
        return cancelled is not None

    def forget(self):
        """In a forked child, where no thread is."""
        self._cancelled = self._over = None

    def _wait(self, cancelled, over):
        try:
            if not cancelled.acquire(timeout=self._seconds):
                self._cancelled = None  # what comes now waits for the next thread
                self._action()
        finally:
            _release(over)


def _taken():
    lock = _thread.allocate_lock()
    lock.acquire()
    return lock


def _release(lock):
    try:
        lock.release()
    except RuntimeError:
        pass  # another thread did it at the same moment
