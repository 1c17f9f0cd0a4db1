"""Phase 4, confirming import: exports compared with what came back."""
