"""Personal values: identities written one way and made pseudonyms, and encryption per person."""

from shared.privacy.encryption import (
    UndecipherableError,
    WrappingKey,
    decrypt,
    encrypt,
    new_person_key,
    renewal_of,
    unwrap,
    wrap,
)
from shared.privacy.identity import (
    KINDS,
    IdentityError,
    NormalIdentity,
    identity_key,
    normalise,
    strongest_first,
)
from shared.privacy.wrapping import FolderWrappingKeys, WrappingKeys

__all__ = [
    "KINDS",
    "FolderWrappingKeys",
    "IdentityError",
    "NormalIdentity",
    "UndecipherableError",
    "WrappingKey",
    "WrappingKeys",
    "decrypt",
    "encrypt",
    "identity_key",
    "new_person_key",
    "normalise",
    "renewal_of",
    "strongest_first",
    "unwrap",
    "wrap",
]
