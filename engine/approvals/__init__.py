"""Approvals: what the review asks, what an approval covers, and the audit log that proves it."""
