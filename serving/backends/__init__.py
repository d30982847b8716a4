"""Constrained-decoding libraries behind one protocol."""
