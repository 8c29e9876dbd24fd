"""Train models of every kind, and store their weights with cards."""
