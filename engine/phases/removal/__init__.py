"""How objects leave the connector space: marked obsolete, or forgotten once they are proved gone."""
