"""The environment stage: what `uv sync` would install for this pyproject.toml, no more and no less."""
