"""Mutation testing of what guards deletes, identity and joins: broken on purpose, some test has to fail."""
