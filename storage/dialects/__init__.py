"""Whatever is special to one database, a package each."""
