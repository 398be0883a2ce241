"""Host side of the probe: switch it on for a command, receive its events, watch its counters while the command runs."""

from sandbox.probe.server import EventServer, is_peak
from sandbox.probe.switch import cut_variables, probe_variables

__all__ = ["EventServer", "cut_variables", "is_peak", "probe_variables"]
