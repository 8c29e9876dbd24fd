"""What coordinates do to space."""
