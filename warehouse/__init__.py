"""The DuckDB warehouse; the only folder that opens DuckDB."""
