"""`pyenvspec lock` and `update`: inputs by revision and hash."""
