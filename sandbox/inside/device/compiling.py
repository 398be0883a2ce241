"""torch.compile for a card makes Triton kernels; here the function runs as it is written."""

import functools

from .served import served


def serve(torch):
    """Replace torch.compile by one that returns what it is given."""

    @functools.wraps(torch.compile)
    def compile(model=None, *args, **kwargs):
        served("torch.compile (not compiled)")
        if model is None:
            return lambda function: function
        return model

    torch.compile = compile
    torch.nn.Module.compile = lambda self, *args, **kwargs: served("torch.compile (not compiled)")
