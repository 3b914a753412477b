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
    STRENGTH,
    IdentityError,
    identity_key,
    normalise,
)
from shared.privacy.wrapping import FolderWrappingKeys, WrappingKeys

__all__ = [
    "KINDS",
    "STRENGTH",
    "FolderWrappingKeys",
    "IdentityError",
    "UndecipherableError",
    "WrappingKey",
    "WrappingKeys",
    "decrypt",
    "encrypt",
    "identity_key",
    "new_person_key",
    "normalise",
    "renewal_of",
    "unwrap",
    "wrap",
]
