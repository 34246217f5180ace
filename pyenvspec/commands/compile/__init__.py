"""`pyenvspec compile`: writes the files, or shows what would be written."""
