"""The one exception that means "our fault"."""


class InfrastructureError(Exception):
    """Something of ours failed (engine, disk, service, catalogue); never the submission's fault.

    The message says what failed, where, and what to do next; it is shown to the user as it is.
    """
