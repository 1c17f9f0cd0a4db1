"""Phase 5, deletion detection: who has disappeared, through five gates, into the review."""
