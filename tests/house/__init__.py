"""How the house is built: its measures, its floors, and the names that its documents mention."""
