"""Tables explained for estimators of scikit-learn."""
