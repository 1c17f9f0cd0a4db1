"""Every way in which an entry of a target could be deleted, tried without an approval: the entry stays."""
