"""Models: made small for tests, and (later) trained."""
