"""A project of Django that serves SCIM by the package django-scim2; `serve` runs it in a process of its own."""
