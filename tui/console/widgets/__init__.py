"""The widgets of the console: each paints its own lines, and only what changed is sent."""
