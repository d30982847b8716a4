"""From a document as it came to functions in OpenAI form, step by step; `tasks/ingest.py` calls these."""
