"""The `scim` connector."""
