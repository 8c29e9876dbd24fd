"""Models under explanation, and generative models that provide coordinates."""
