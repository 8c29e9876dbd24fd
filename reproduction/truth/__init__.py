"""Data whose cue is known: does a counterfactual name what the model uses?"""
