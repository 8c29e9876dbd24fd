"""Models that other programs wrote, as modules, one kind a file."""
