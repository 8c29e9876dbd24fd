"""How good counterfactuals are."""
