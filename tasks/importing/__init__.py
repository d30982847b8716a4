"""Data sets of others: one reader a form, then the checks that our own rows go through."""
