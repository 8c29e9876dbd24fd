"""Explain a user's images or table: what is asked, found, kept and stated of rows."""
