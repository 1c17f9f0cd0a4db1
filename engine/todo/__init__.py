"""What waits for a person: everything that no run will put right by itself, in groups."""
