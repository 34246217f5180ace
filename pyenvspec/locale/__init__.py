"""Messages in other languages, and what finds them."""
