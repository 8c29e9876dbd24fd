"""Where a search moves."""
