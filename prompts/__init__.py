"""One file per prompt and version, rendered by Jinja with StrictUndefined; nothing else in the code holds prompt text."""
