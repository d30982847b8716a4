"""What the embedded teacher writes for a small model to learn reading and form filling from, before any call."""
