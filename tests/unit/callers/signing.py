"""Signs tokens as issuers do, rightly and wrongly."""

import base64
import hmac
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NOW_S = 1_800_000_000
SECRET = "s" * 32
ED, EC = ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
PRIVATE = {"EdDSA": ED, "ES256": EC, "RS256": RSA, "HS256": SECRET}


def pem(private):
    public = private.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def material(algorithm):
    private = PRIVATE[algorithm]
    return private if isinstance(private, str) else pem(private)


def signature(algorithm, private, data):
    match algorithm:
        case "EdDSA":
            return private.sign(data)
        case "ES256":
            r, s = decode_dss_signature(private.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        case "RS256":
            return private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        case "HS256":
            return hmac.digest(private.encode(), data, "sha256")
    return b""


def part(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims, algorithm="EdDSA", private=None, **header):
    head = part({"alg": algorithm, "kid": f"key-{algorithm}", **header})
    body = f"{head}.{part(claims)}"
    key = PRIVATE.get(algorithm) if private is None else private
    return f"{body}.{part(signature(algorithm, key, body.encode()))}"


def claims(now_s=NOW_S, **changed):
    told = {
        "iss": "https://shop.example",
        "aud": "touchpoint",
        "sub": "C1",
        "iat": now_s - 60,
        "exp": now_s + 600,
    }
    told |= changed
    return {name: value for name, value in told.items() if value is not None}
