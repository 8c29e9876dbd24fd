"""The experiments of the paper, end to end."""
