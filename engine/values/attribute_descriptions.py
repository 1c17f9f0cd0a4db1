"""Attribute descriptions (RFC 4512 §2.5): a type's names are one, and options have no order."""

from functools import lru_cache

_TYPES = """
2.5.4.0 objectClass
2.5.4.3 cn commonName
2.5.4.4 sn surname
2.5.4.5 serialNumber
2.5.4.6 c countryName
2.5.4.7 l localityName
2.5.4.8 st stateOrProvinceName
2.5.4.9 street
2.5.4.10 o organizationName
2.5.4.11 ou organizationalUnitName
2.5.4.12 title
2.5.4.13 description
2.5.4.14 searchGuide
2.5.4.15 businessCategory
2.5.4.16 postalAddress
2.5.4.17 postalCode
2.5.4.18 postOfficeBox
2.5.4.19 physicalDeliveryOfficeName
2.5.4.20 telephoneNumber
2.5.4.21 telexNumber
2.5.4.22 teletexTerminalIdentifier
2.5.4.23 facsimileTelephoneNumber fax
2.5.4.24 x121Address
2.5.4.25 internationalISDNNumber internationaliSDNNumber
2.5.4.26 registeredAddress
2.5.4.27 destinationIndicator
2.5.4.28 preferredDeliveryMethod
2.5.4.31 member
2.5.4.32 owner
2.5.4.33 roleOccupant
2.5.4.34 seeAlso
2.5.4.35 userPassword
2.5.4.36 userCertificate
2.5.4.41 name
2.5.4.42 givenName gn
2.5.4.43 initials
2.5.4.44 generationQualifier
2.5.4.45 x500UniqueIdentifier
2.5.4.46 dnQualifier
2.5.4.47 enhancedSearchGuide
2.5.4.49 distinguishedName
2.5.4.50 uniqueMember
2.5.4.51 houseIdentifier
0.9.2342.19200300.100.1.1 uid userid
0.9.2342.19200300.100.1.3 mail rfc822Mailbox
0.9.2342.19200300.100.1.4 info
0.9.2342.19200300.100.1.5 drink favouriteDrink
0.9.2342.19200300.100.1.6 roomNumber
0.9.2342.19200300.100.1.7 photo
0.9.2342.19200300.100.1.8 userClass
0.9.2342.19200300.100.1.9 host
0.9.2342.19200300.100.1.10 manager
0.9.2342.19200300.100.1.11 documentIdentifier
0.9.2342.19200300.100.1.12 documentTitle
0.9.2342.19200300.100.1.13 documentVersion
0.9.2342.19200300.100.1.14 documentAuthor
0.9.2342.19200300.100.1.15 documentLocation
0.9.2342.19200300.100.1.20 homePhone homeTelephoneNumber
0.9.2342.19200300.100.1.21 secretary
0.9.2342.19200300.100.1.25 dc domainComponent
0.9.2342.19200300.100.1.37 associatedDomain
0.9.2342.19200300.100.1.38 associatedName
0.9.2342.19200300.100.1.39 homePostalAddress
0.9.2342.19200300.100.1.40 personalTitle
0.9.2342.19200300.100.1.41 mobile mobileTelephoneNumber
0.9.2342.19200300.100.1.42 pager pagerTelephoneNumber
0.9.2342.19200300.100.1.43 co friendlyCountryName
0.9.2342.19200300.100.1.44 uniqueIdentifier
0.9.2342.19200300.100.1.45 organizationalStatus
0.9.2342.19200300.100.1.48 buildingName
0.9.2342.19200300.100.1.55 audio
0.9.2342.19200300.100.1.56 documentPublisher
0.9.2342.19200300.100.1.60 jpegPhoto
1.2.840.113549.1.9.1 email emailAddress pkcs9email
1.3.6.1.4.1.250.1.57 labeledURI
2.16.840.1.113730.3.1.1 carLicense
2.16.840.1.113730.3.1.2 departmentNumber
2.16.840.1.113730.3.1.3 employeeNumber
2.16.840.1.113730.3.1.4 employeeType
2.16.840.1.113730.3.1.39 preferredLanguage
2.16.840.1.113730.3.1.40 userSMIMECertificate
2.16.840.1.113730.3.1.216 userPKCS12
2.16.840.1.113730.3.1.241 displayName
1.3.6.1.1.1.1.0 uidNumber
1.3.6.1.1.1.1.1 gidNumber
1.3.6.1.1.1.1.2 gecos
1.3.6.1.1.1.1.3 homeDirectory
1.3.6.1.1.1.1.4 loginShell
1.3.6.1.1.1.1.5 shadowLastChange
1.3.6.1.1.1.1.6 shadowMin
1.3.6.1.1.1.1.7 shadowMax
1.3.6.1.1.1.1.8 shadowWarning
1.3.6.1.1.1.1.9 shadowInactive
1.3.6.1.1.1.1.10 shadowExpire
1.3.6.1.1.1.1.11 shadowFlag
1.3.6.1.1.1.1.12 memberUid
1.3.6.1.1.1.1.13 memberNisNetgroup
1.3.6.1.1.1.1.14 nisNetgroupTriple
1.3.6.1.1.16.4 entryUUID
"""
"""Object identifiers and names of the standard's attribute types (RFC 4519, 4524, 2798, 2307, 4530, X.520), the usual
name first. Active Directory's `streetAddress` is another attribute than `street`, so it is not among them."""

_USUAL = {name.lower(): line.split()[1].lower() for line in _TYPES.strip().splitlines() for name in line.split()}


@lru_cache(maxsize=10_000)
def usual(name: str) -> str:
    """Give the usual name of an attribute type, in lower case; of one that no standard defines its own."""
    lower = name.lower()
    return _USUAL.get(lower, lower)


@lru_cache(maxsize=1_000)
def those_of(name: str, descriptions: tuple[str, ...]) -> list[str]:
    """Give those of the descriptions of an entry that are of an attribute type, whatever their options."""
    return [one for one in descriptions if usual(one.partition(";")[0]) == name]


@lru_cache(maxsize=10_000)
def normal(description: str) -> str:
    """Give the form in which descriptions of the same attribute are equal texts; a transfer option is left out."""
    name, *options = description.split(";")
    kept = {option.lower() for option in options} - {"binary"}
    return ";".join([usual(name), *sorted(kept)])


def is_language(option: str) -> bool:
    """Tell whether an option is a language tag (RFC 3866), which makes an attribute of its own."""
    return option.lower().startswith("lang-")


_DELETED = frozenset({"deleted", "deletedattribute"})


def is_deleted(options: list[str]) -> bool:
    """Tell whether options say that a value is none any more: 389 Directory Server exports what it has deleted."""
    return any(option.lower() in _DELETED for option in options)
