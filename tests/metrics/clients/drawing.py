"""Random texts, and texts like a given one."""

TEXT = "the a cat Cat sat on an mat . , dog 3.5 1,000 ran! (far) don't U.S. x-ray 7-8 élan &amp; so"
TOKENS = [*TEXT.split(), '"so"']


def sentence(rng, least=0):
    return " ".join(rng.choice(TOKENS) for _ in range(rng.randint(least, 14)))


def near(rng, text):
    """`text` with some words dropped, doubled or replaced."""
    found = []
    for word in text.split():
        draw = rng.random()
        found += [] if draw < 0.1 else [word, word] if draw < 0.15 else [rng.choice(TOKENS)] if draw < 0.3 else [word]
    return " ".join(found)


def texts(rng, several, least=1):
    references = [[sentence(rng, least) for _ in range(several)] for _ in range(rng.randint(1, 5))]
    return {"predictions": [near(rng, each[0]) for each in references], "references": references}
