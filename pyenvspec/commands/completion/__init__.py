"""Completion in a terminal, by argcomplete: what a shell asks for at each TAB, and the code that makes it ask."""
