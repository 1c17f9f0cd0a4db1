"""Room in a private temporary file for a directory that need not fit into memory."""

from storage.dialects.sqlite.entry_tree import DuplicateKey, EntryTree, TreeEntry

__all__ = ["DuplicateKey", "EntryTree", "TreeEntry"]
