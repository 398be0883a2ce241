"""Streams and events: everything is done when a call returns, so waiting is nothing; events read the clock."""

import time

from .served import served


def serve(torch):
    """Replace the classes that need a card; CUDA graphs are refused."""
    device = torch.device("cuda", 0)

    class Stream:
        """torch.cuda.Stream: work is done in order whatever stream it is given to."""

        def __init__(self, device=None, priority=0, stream_id=0, device_index=0, device_type=1, stream_ptr=None):
            served("torch.cuda.Stream")
            self.device, self.device_index, self.device_type = _device, 0, 1
            self.priority, self.stream_id, self.cuda_stream = priority, stream_id, stream_ptr or 0
            self._as_parameter_ = self.cuda_stream

        def wait_event(self, event):
            pass

        def wait_stream(self, stream):
            pass

        def record_event(self, event=None):
            event = Event() if event is None else event
            event.record(self)
            return event

        def query(self):
            return True

        def synchronize(self):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

        def __eq__(self, other):
            return isinstance(other, Stream) and other.stream_id == self.stream_id

        def __hash__(self):
            return hash(self.stream_id)

        @staticmethod
        def priority_range():
            return (0, -5)

    _device = device

    class Event:
        """torch.cuda.Event."""

        def __init__(self, enable_timing=False, blocking=False, interprocess=False, external=False):
            served("torch.cuda.Event")
            self.device, self.cuda_event = device, 0
            self._timing, self._at = enable_timing, None

        def record(self, stream=None):
            self._at = time.perf_counter()

        def wait(self, stream=None):
            pass

        def query(self):
            return True

        def synchronize(self):
            pass

        def elapsed_time(self, end_event):
            if not (self._timing and end_event._timing):
                raise ValueError("Both events must be created with argument 'enable_timing=True'.")
            if self._at is None or end_event._at is None:
                raise ValueError("Both events must be recorded before calculating elapsed time.")
            return (end_event._at - self._at) * 1000.0

    class CUDAGraph:
        """Recording launches on a card has no counterpart."""

        def __new__(cls, *args, **kwargs):
            raise RuntimeError("torch.cuda.CUDAGraph requires a GPU")

    cuda = torch.cuda
    for place in (cuda, cuda.streams):
        place.Stream, place.Event = Stream, Event
        if hasattr(place, "ExternalStream"):
            place.ExternalStream = Stream
    cuda.CUDAGraph = cuda.graphs.CUDAGraph = CUDAGraph
    cuda.graphs._cuda_isCurrentStreamCapturing = lambda: False
    torch.Tensor.record_stream = lambda self, stream: None  # memory is never reused behind its owner's back
