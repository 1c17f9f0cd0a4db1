"""Looking after the store: backups, checks, and history that is old."""
