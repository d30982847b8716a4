"""The steps of the line, one a file: pure functions first, then the thin Prefect task."""
