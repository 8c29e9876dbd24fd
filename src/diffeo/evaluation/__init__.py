"""Judge counterfactuals: train what the metrics need, apply them, make a table."""
