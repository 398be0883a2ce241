"""Random numbers: `torch.Generator(device="cuda")` is a CPU generator that says it is the card's.

Without a generator both devices draw from torch's default one, so seeding `torch.cuda` seeds the CPU too, and the
numbers are not those that a card would draw.
"""

import ctypes

from .served import served

_on_card: set = set()


def is_on_card(generator):
    """Whether `generator` says it is the card's; torch hands kernels another object for the same generator."""
    return _implementation(generator) in _on_card


def _implementation(generator):
    # The first member of the object behind Python's own header.
    return ctypes.c_void_p.from_address(id(generator) + object.__basicsize__).value


def serve(torch):
    """Replace torch.Generator by a class that accepts the card."""
    original = torch.Generator
    device = torch.device("cuda", 0)

    class Kind(type):
        def __instancecheck__(cls, instance):
            return isinstance(instance, original)

        def __subclasscheck__(cls, subclass):
            return issubclass(subclass, original)

    class OnCard(original):
        device = property(lambda self: device)

        def __del__(self):
            _on_card.discard(_implementation(self))  # another generator may get the same place

        def __reduce__(self):
            return _rebuild, (self.get_state(),)

    class Generator(metaclass=Kind):
        """torch.Generator."""

        def __new__(cls, device="cpu"):
            if torch.device(device).type != "cuda":
                return original(device)
            served("torch.Generator")
            return made()

    def made():
        generator = OnCard()
        _on_card.add(_implementation(generator))
        return generator

    def _rebuild(state):
        generator = made()
        generator.set_state(state)
        return generator

    Generator.__module__, Generator.__qualname__ = "torch", "Generator"
    torch.Generator = Generator
