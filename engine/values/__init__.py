"""Values: their types, when two are the same, ids and distinguished names."""
