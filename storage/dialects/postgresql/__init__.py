"""Whatever is special to PostgreSQL."""
