"""Phase 1, synchronisation: from the connector space into the metaverse."""
