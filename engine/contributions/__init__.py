"""What a metaverse object gets from the objects that are joined to it."""
