"""What no single key can tell: cross-checks over all shells, overrides and locks."""
