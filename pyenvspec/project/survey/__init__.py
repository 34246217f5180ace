"""What the files of a project say of its environment: read, never run; each statement with its file and line."""
