"""The OpenAI-compatible HTTP application, the same over both engines."""
