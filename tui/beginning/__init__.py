"""Beginnings: a first configuration, from what there is."""
