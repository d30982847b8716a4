"""A named server: a model brought up, smoke-tested, watched, and swapped for the next while it answers."""
