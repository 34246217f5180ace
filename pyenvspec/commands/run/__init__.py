"""`pyenvspec run`: the one command of an engine, and the file it is given."""
