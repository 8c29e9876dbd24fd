"""Estimators of scikit-learn as models of the rows of a table."""
