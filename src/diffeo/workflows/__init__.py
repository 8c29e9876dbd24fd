"""What the commands do for users, a package or a file each, and what they share."""
