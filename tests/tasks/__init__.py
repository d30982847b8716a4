"""Tests of the steps of the line."""
