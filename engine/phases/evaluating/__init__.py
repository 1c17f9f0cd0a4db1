"""Phase 2, export evaluation: from the metaverse to pending exports."""
