"""What a process works on: which batches were trained on, which were evaluated, and the phases between.

Fed with three things in the order in which they happen: a loader hands out a batch, a module's outermost forward pass,
a backward pass. A batch belongs to training if a backward pass came before the next one was handed out, else to
evaluation if a forward pass with gradients off came. Where several batches were handed out in a row (gradient
accumulation that collects them first, a list made of a loader), forward passes with different inputs are different
batches. Without a loader, different inputs that were followed by backward passes are counted by themselves.
"""

import sys
import time

from .channel import State, channel
from .places import place

LOOKED_AT = 32
"""Inputs of a process that are told apart by their contents; after those each forward pass counts as another."""
_WORK = ("batches", "forward", "generate_calls", "backward", "optimizer_steps", "search_trials")
LOOK_SECONDS = 0.2
"""Between two looks at the GPU's memory, which cost 0.1 ms."""
FEW = 2
"""So many forward passes without gradients before a backward pass are part of training (a teacher's, a target's)."""


class Pass(State):
    """One iteration over one loader."""

    kind = "pass"

    def __init__(self, dataset, length, at):
        self.id = channel().next_id()
        self.dataset, self.length, self.at = dataset, length, at
        self.delivered = self.train = self.eval = self.forward_only = 0
        self.row = self.claimed = 0  # handed out in a row, and how many of those found their use
        self.acts = -1
        self.held = False

    def describe(self):
        names = ("dataset", "length", "delivered", "train", "eval", "forward_only", "at")
        return {"i": self.id, **{name: getattr(self, name) for name in names}}


class Span(State):
    """What runs between two switches from training to evaluation or back."""

    kind = "span"

    def __init__(self, what):
        self.id = channel().next_id()
        self.what = what
        self.batches = self.forwards = 0
        self.passes = {}
        """Number of a pass over a loader -> how many of its batches belong here."""
        self.at = place()

    def describe(self):
        return {
            "i": self.id,
            "what": self.what,
            "batches": self.batches,
            "forwards": self.forwards,
            "passes": len(self.passes),
            "at": self.at,
        }


class Batch:
    """The batch that was handed out last."""

    def __init__(self, of, use="", key=None):
        self.of, self.use, self.key = of, use, key
        self.forwards = 0
        self.gradients = False
        self.stepped = False  # an optimizer stepped after it
        self.placed = False  # it has its place in a phase, though more may be done with it


class Counters(State):
    """Sums of this process, for whoever watches it live; and the peak of its GPU memory."""

    kind = "counters"

    def __init__(self):
        self.values = {}
        self.looked = 0.0

    def add(self, name, amount=1):
        self.values[name] = self.values.get(name, 0) + amount

    def look_at_gpu(self, at_once=False):
        """Note the peak of GPU memory, in MiB, now and then. Only from a thread that works: torch asks its device."""
        torch, now = sys.modules.get("torch"), time.monotonic()
        if torch is None or (now - self.looked < LOOK_SECONDS and not at_once):
            return
        self.looked = now
        try:
            if torch.backends.cuda.is_built() and torch.cuda.is_initialized():
                peak = round(torch.cuda.max_memory_allocated() / 2**20)
                if peak > self.values.get("gpu_peak_mb", 0):
                    self.values["gpu_peak_mb"] = peak
                    channel().mark(self)
        except Exception:  # noqa: BLE001 - a torch that is half imported, or of another shape
            pass

    def done(self):
        """A number that grows with every piece of work."""
        return sum(self.values.get(name, 0) for name in _WORK)

    def describe(self):
        return {"v": dict(self.values)}


class Work:
    """The state of one process."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.counters = Counters()
        self.batch = None
        self.last = None  # the pass that handed out a batch last
        self.span = None
        self.acts = 0
        self.key = None
        self.keys = set()
        self.keys_made = 0
        self.fresh = False  # a forward pass with gradients came since the last backward pass
        self.outside = [0, 0]  # forwards and generate calls with gradients off that belong to no batch, yet undecided
        self.in_backward = 0

    # What a loader does -----------------------------------------------------------------------------------------------
    def delivered(self, of, ahead):
        """`of` handed out a batch; `ahead`: to a library that passes on the one before it."""
        of.delivered += 1
        self.counters.add("batches")
        if of.held or not ahead:
            self._hand(of)
        of.held = ahead
        if channel().phase == "import":
            channel().enter("data")
        channel().mark(of)
        channel().touch(self.counters)

    def ended(self, of, gone):
        """`of` has no more batches, or (`gone`) nobody can ask it any more."""
        if of.held and not gone:
            of.held = False
            self._hand(of)
        elif self.batch is not None and self.batch.of is of:
            self.close()
            channel().touch(self.counters)

    def _hand(self, of):
        self.close()
        if of.acts != self.acts:
            of.row = of.claimed = 0
            of.acts = self.acts
        of.row += 1
        self.last = of
        self.batch = Batch(of)

    # What a model does ------------------------------------------------------------------------------------------------
    def wants_key(self):
        """Whether it matters which input a forward pass gets."""
        return self.batch is None or self.batch.of.row > 1

    def forward(self, gradients, key, generates=False):
        """An outermost forward pass, or a call of generate; `key` tells its input from others, None if unknown."""
        self.acts += 1
        self.counters.add("generate_calls" if generates else "forward")
        if not gradients and not generates:
            self.counters.add("forward_without_gradients")
        batch = self.batch
        if gradients:
            self.key, self.fresh = key, True
            if batch is not None:
                batch.forwards += 1
        elif batch is not None and not batch.stepped:
            if not batch.use:
                batch.key = key
                self._claim(batch, "eval")
            elif batch.use == "eval" and key is not None and key != batch.key and self._left(batch.of):
                self._another(batch.of, "eval", key)
        elif batch is None and self.last is not None and self._left(self.last):
            self._another(self.last, "eval", key)
            self.close()
        else:
            # Within a batch that was stepped on too: evaluation in the middle of an epoch, without a loader.
            self.outside[generates] += 1
            going_on = batch is not None and batch.placed and self.span.what == "eval"
            if going_on or sum(self.outside) > FEW:
                self._evaluates_outside()

    def backward(self):
        """A backward pass begins."""
        self.acts += 1
        self.counters.add("backward")
        self._trains()

    def stepped(self):
        """An optimizer stepped; gradients may have come from torch.autograd.grad."""
        self.counters.add("optimizer_steps")
        if self.batch is not None and self.batch.gradients and self.batch.use != "train":
            self._trains()
        if self.batch is not None and self.batch.use == "train":
            self.batch.stepped = True

    def gradients_asked(self):
        """torch.autograd.grad was called."""
        self.counters.add("gradient_calls")
        if self.batch is not None:
            self.batch.gradients = True

    def _trains(self):
        self.outside = [0, 0]
        channel().enter("training")
        key, fresh, batch = self.key, self.fresh, self.batch
        self.fresh = False
        if batch is not None:
            if batch.placed:  # trained on once more, after an evaluation
                self._enter("train")
            batch.stepped = False
            if batch.use != "train":
                batch.key = key
                self._claim(batch, "train")
            elif fresh and key is not None and key not in self.keys and self._left(batch.of):
                self._another(batch.of, "train", key)
        elif fresh and (key is None or key not in self.keys):
            if self.last is not None and self._left(self.last):
                self._another(self.last, "train", key)
                self.close()
            else:
                self.counters.add("hand_batches")
                self._enter("train").forwards += 1
        if key is not None:
            self.keys.add(key)
        channel().mark(self.counters)

    # ------------------------------------------------------------------------------------------------------------------
    def _left(self, of):
        return of.claimed < of.row

    def _claim(self, batch, use):
        if batch.use == "eval":  # what looked like evaluation was a part of training
            batch.of.eval -= 1
            self.counters.add("eval_batches", -1)
        else:
            batch.of.claimed += 1
        batch.use = use
        setattr(batch.of, use, getattr(batch.of, use) + 1)
        self.counters.add(use + "_batches")
        channel().mark(batch.of)

    def _another(self, of, use, key):
        self.close()
        self.batch = Batch(of, key=key)
        self._claim(self.batch, use)

    def _evaluates_outside(self):
        forwards, generates = self.outside
        self.outside = [0, 0]
        if self.batch is not None:
            self._place(self.batch)
        span = self._enter("eval")
        span.forwards += forwards
        span.batches += generates
        self._at_most("longest_evaluation_by_calls", span.batches - sum(span.passes.values()) + span.forwards)

    def close(self):
        """The current batch is over: it gets its place in a phase."""
        batch, self.batch = self.batch, None
        if batch is None:
            return
        if batch.use:
            self._place(batch)
        elif batch.forwards:
            batch.of.forward_only += 1
            channel().mark(batch.of)

    def _place(self, batch):
        """The batch belongs to a phase, once."""
        if batch.placed or not batch.use:
            return
        batch.placed = True
        span = self._enter(batch.use)
        span.batches += 1
        taken = span.passes[batch.of.id] = span.passes.get(batch.of.id, 0) + 1
        if batch.use == "eval":
            self._at_most("longest_evaluation", taken)

    def finish(self):
        """The process ends, or is about to be looked at for the last time."""
        self.close()
        if sum(self.outside):
            self._evaluates_outside()

    def _enter(self, what):
        if self.span is None or self.span.what != what:
            self.span = Span(what)
        channel().enter("training" if what == "train" else "evaluation")
        channel().mark(self.span)
        return self.span

    def _at_most(self, peak, count):
        """For whoever watches: batches of one loader, or calls that came from none, in one evaluation."""
        self.counters.values[peak] = max(self.counters.values.get(peak, 0), count)


work = Work()
