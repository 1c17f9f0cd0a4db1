"""The `csv` connector."""
