"""The `program` connector: any program that speaks lines of JSON is a connected system."""
