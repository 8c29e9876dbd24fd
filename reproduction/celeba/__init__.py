"""Section IV-B on CelebA: faces that turn blond, smile or age."""
