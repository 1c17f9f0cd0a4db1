"""The configuration: the file, its models, its errors with their lines, its secrets."""
