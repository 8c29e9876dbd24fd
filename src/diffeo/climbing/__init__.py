"""One batch of rows on its way up."""
