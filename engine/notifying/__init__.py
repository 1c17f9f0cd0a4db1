"""Notifications: by a command, by e-mail."""
