"""Diffeomorphic counterfactuals: what would have to change for another answer?"""
