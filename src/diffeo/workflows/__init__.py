"""What the commands do for users: search, evaluate, report, on data of their own."""
