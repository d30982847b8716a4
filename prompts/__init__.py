"""One file per prompt and version, rendered by Jinja; nothing else in the code holds prompt text."""
