"""Facts about the world: data files with a source on each row, and typed look-ups over them.

Nothing here decides. A fact that nobody has read is `None` ("unknown"), which is kept apart from
`False` ("read, and it is not there"). Each module loads its own file on first use and no other.
"""
