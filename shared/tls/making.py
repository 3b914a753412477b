"""Makes certificates for a deployment that has no authority of its own."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3_650
ALWAYS = ("localhost", "127.0.0.1", "::1")
"""Names that every certificate is made out to: what asks on the same machine asks by these."""
_EARLIER = timedelta(minutes=5)
"""Clocks are apart."""


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: bytes


def make_authority(now: datetime) -> Made:
    """Make what certificates of one deployment are signed by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Touchpoint deployment")
    unsigned = (
        _begun(name, name, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return _made(unsigned.sign(key, hashes.SHA256()), key)


def make_certificate(authority: Made, names: Sequence[str], now: datetime, days: int) -> Made:
    """Make a certificate for both ends of a call, made out to host names and addresses.

    Raises ValueError for an authority or a name that is none.
    """
    signer = serialization.load_pem_private_key(authority.key, password=None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise ValueError("the key of the authority is none that was made here")
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    key = ec.generate_private_key(ec.SECP256R1())
    all_names = list(dict.fromkeys([*names, *ALWAYS]))
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    unsigned = (
        _begun(_name(all_names[0]), issuer.subject, key, now, days)
        .add_extension(
            x509.SubjectAlternativeName([_general(each) for each in all_names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    )
    return _made(unsigned.sign(signer, hashes.SHA256()), key)


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + timedelta(days=days))
    )


def _made(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Made:
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Made(certificate.public_bytes(pem), private)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
