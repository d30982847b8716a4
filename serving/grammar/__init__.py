"""What a call may look like: JSON schema to grammar, and the machine that reads it."""
