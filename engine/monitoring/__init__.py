"""What a monitoring system is told."""
