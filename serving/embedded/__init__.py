"""The engine for evaluation, demo and tests: transformers with continuous batching."""
