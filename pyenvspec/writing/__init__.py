"""Generated files to disk: all or none, and known to git."""
