"""A stand-in for the model hub that real clients accept; what it is asked for is recorded on the host."""

from sandbox.hub.record import HubRequest, Provided
from sandbox.hub.server import HubServer

__all__ = ["HubRequest", "HubServer", "Provided"]
