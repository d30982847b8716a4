"""How calls are spelled in text: one module a format."""
