"""Small pictures whose label can be learned, in numpy arrays; they compress well, so that true counts cost little."""

from __future__ import annotations

import numpy
from numpy.typing import NDArray

CHUNK = 10000


def balanced_labels(count: int, classes: int, rng: numpy.random.Generator) -> NDArray[numpy.int64]:
    """As many of each class as of every other, give or take one, in random order."""
    labels = numpy.arange(count) % classes
    rng.shuffle(labels)
    return labels


class Painter:
    """Paints pictures of `size` by `size` pixels: a coarse pattern for each class under coarse noise of its own.

    Noise of about twice the pattern's strength makes the classes overlap in every single cell, so that they are learned
    by a network and not by one look at the first pixel.
    """

    CELLS = 4
    """Cells along a side; a cell is one colour, which is what makes the pictures compress."""

    def __init__(self, classes: int, size: int, channels: int, rng: numpy.random.Generator) -> None:
        self._size, self._rng = size, rng
        self._patterns = rng.normal(0.0, 25.0, (classes, channels, self.CELLS, self.CELLS))

    def paint(self, labels: NDArray[numpy.int64]) -> NDArray[numpy.uint8]:
        """(number, channels, size, size), values 0 to 255 with mean near 120 and deviation near 60."""
        return numpy.concatenate([self._chunk(labels[start : start + CHUNK]) for start in range(0, len(labels), CHUNK)])

    def _chunk(self, labels: NDArray[numpy.int64]) -> NDArray[numpy.uint8]:
        patterns = self._patterns[labels]
        cells = patterns + self._rng.normal(120.0, 50.0, patterns.shape)
        coarse = cells.clip(0, 255).astype(numpy.uint8)
        where = numpy.arange(self._size) * self.CELLS // self._size
        return coarse[:, :, where][:, :, :, where]
