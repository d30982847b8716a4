"""The commands, one file per subject: thin, everything heavy imported by the command that needs it."""
