"""The HTTP application, over an engine whose answers the tests choose."""
