"""BFCL's single-turn rules, rewritten so that they agree with bfcl-eval 2026.3.23 to the error type."""
