"""Serving: an OpenAI-compatible server whose every tool call is legal."""
