"""What a migration does to those who use the database while it runs or afterwards: one rule a file in `rules/`."""
