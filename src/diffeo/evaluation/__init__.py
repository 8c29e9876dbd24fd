"""Judge counterfactuals: apply metrics beside controls, and make a table."""
