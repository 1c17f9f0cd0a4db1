"""The `ldap` connector: OpenLDAP, Active Directory, and their kin."""
