"""The `ldif` connector."""
