"""`pyenvspec lsp`: what `check`, `search` and `explain` say, told to editors as one types."""
