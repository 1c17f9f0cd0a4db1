"""The console: screens over one workspace."""
