"""vLLM started, watched and stopped; and what callmill plugs into it."""
