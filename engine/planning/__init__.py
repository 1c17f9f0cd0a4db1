"""Plans: what a run would do, worked out on copies of the store and of the systems it would write to."""
