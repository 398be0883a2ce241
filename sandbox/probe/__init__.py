"""Host side of the probe: switch it on for a command, receive its events, watch its counters while the command runs."""

from sandbox.probe.server import EventServer
from sandbox.probe.switch import probe_variables

__all__ = ["EventServer", "probe_variables"]
