"""The `sql` connector: the tables of a database as a source or a target."""
