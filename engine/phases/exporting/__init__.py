"""Phase 3, export execution: pending exports to a connected system."""
