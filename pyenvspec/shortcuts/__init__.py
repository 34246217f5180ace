"""Answers that need no compile, given before anything slow is imported."""
