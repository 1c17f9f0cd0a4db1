"""Whatever is special to SQLite."""
