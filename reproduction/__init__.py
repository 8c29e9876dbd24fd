"""The experiments of the paper: `python -m reproduction NAME`."""
