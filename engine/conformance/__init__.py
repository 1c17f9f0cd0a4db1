"""Whether a connector keeps the protocol's promises: asked of a real system, by whoever writes or runs one."""
