"""General ability by EleutherAI's lm-evaluation-harness, unmodified, in an environment of its own."""
