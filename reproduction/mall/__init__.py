"""Section IV-B on Mall: few people that become many, and many that become few."""
