"""Phase 1, import: from a connected system into the connector space."""
