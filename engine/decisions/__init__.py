"""Decisions of people: the review, the queue, joins by hand, restoring; and who may decide what."""
