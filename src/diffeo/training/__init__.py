"""How models are fitted to data."""
