"""BFCL's own harness, unmodified and pinned, in an environment of its own, against any endpoint."""
