"""What a model's calls are worth: BFCL's rules and the benchmarks that use them."""
