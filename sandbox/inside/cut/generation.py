"""At most so many tokens of one call of transformers' generate, ended as by a stopping criterion of the caller's."""

from . import LIMITS
from .telling import quietly, replace, tell


def attach(utils):
    """Attach to transformers.generation.utils."""
    replace(utils.GenerationMixin, "generate", _generate)


def _generate(original):
    def generate(self, *args, **kwargs):
        # Given by position, the caller's criteria are the fourth argument.
        criteria = _with_ours(kwargs.get("stopping_criteria")) if len(args) < 4 else None
        if criteria is not None:
            kwargs["stopping_criteria"] = criteria
        return original(self, *args, **kwargs)

    return generate


@quietly
def _with_ours(given):
    from transformers import StoppingCriteriaList

    return StoppingCriteriaList([*(given or ()), _Enough()])


class _Enough:
    """Counts its calls: there is one for each token, whatever the prompt's length is."""

    def __init__(self):
        self.calls = 0

    def __call__(self, input_ids, scores, **kwargs):
        import torch
        import transformers

        self.calls += 1
        enough = self.calls >= LIMITS["tokens"]
        if enough:
            tell("tokens", None, LIMITS["tokens"])
        if tuple(map(int, transformers.__version__.split(".")[:2])) < (4, 39):
            return enough  # one answer for the whole batch
        return torch.full((input_ids.shape[0],), enough, dtype=torch.bool, device=input_ids.device)
