"""Tests of the warehouse: real DuckDB files, real records."""
