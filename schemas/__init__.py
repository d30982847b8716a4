"""What things are: frozen records, settings, errors. No I/O."""
