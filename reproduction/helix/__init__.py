"""Section IV-A of the paper: a helix in space."""
