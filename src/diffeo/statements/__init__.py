"""What can be said about each row of a record, besides what the search found."""
