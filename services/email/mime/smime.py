"""Letters inside an S/MIME signature (RFC 8551, 3.5.2): opened, and the signature compared with what it signs.

Whoever issued the certificate is not asked: `intact` says that nothing was changed since somebody with this
certificate signed it, not who he is.
"""

from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from pyasn1.codec.ber import decoder
from pyasn1.codec.der import encoder
from pyasn1.type import univ
from pyasn1_modules import rfc5652

from services.email.mime.model import Signature

LARGEST = 30 * 2**20
"""Bytes of a signed letter that is opened."""
_DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256,
    "2.16.840.1.101.3.4.2.2": hashes.SHA384,
    "2.16.840.1.101.3.4.2.3": hashes.SHA512,
    "2.16.840.1.101.3.4.2.4": hashes.SHA224,
    "1.3.14.3.2.26": hashes.SHA1,
}
_PSS = "1.2.840.113549.1.1.10"


@dataclass(frozen=True, slots=True)
class Opened:
    """The letter inside, and its signature."""

    content: bytes
    signature: Signature


def opened(content: bytes) -> Opened | None:
    """None of what is encrypted, holds certificates alone, or is no CMS (RFC 5652)."""
    if len(content) > LARGEST:
        return None
    try:
        signed = _signed(content)
    except Exception:  # whatever a library makes of hostile bytes: what cannot be opened stays a file
        return None
    if signed is None or not signed["encapContentInfo"]["eContent"].isValue:
        return None
    inside = bytes(signed["encapContentInfo"]["eContent"])
    return Opened(inside, _signature(content, signed, inside))


def _signed(content: bytes) -> Any:
    info, _ = decoder.decode(content, asn1Spec=rfc5652.ContentInfo())
    if info["contentType"] != rfc5652.id_signedData:
        return None
    return decoder.decode(bytes(info["content"]), asn1Spec=rfc5652.SignedData())[0]


def _signature(content: bytes, signed: Any, inside: bytes) -> Signature:
    try:
        signer = signed["signerInfos"][0]
        certificate = _certificate(content, signer)
        return Signature(_name(certificate), _is_intact(signer, certificate, inside))
    except InvalidSignature:
        return Signature(_name(certificate), False)
    except Exception:  # as above: then nothing can be said of it
        return Signature("", None)


def _certificate(content: bytes, signer: Any) -> x509.Certificate:
    """Of whoever signed. Raises StopIteration: it is not there."""
    found = pkcs7.load_der_pkcs7_certificates(content)
    named = signer["sid"]["issuerAndSerialNumber"]
    number = int(named["serialNumber"]) if named.isValue else None
    return next(one for one in found if number is None or one.serial_number == number)


def _is_intact(signer: Any, certificate: x509.Certificate, inside: bytes) -> bool:
    """Raises InvalidSignature, KeyError (an algorithm that we do not know)."""
    digest = _DIGESTS[str(signer["digestAlgorithm"]["algorithm"])]()
    attributes = signer["signedAttrs"]
    if not attributes.isValue or not len(attributes):
        _check(signer, certificate, inside, digest)
        return True
    hashed = hashes.Hash(digest)
    hashed.update(inside)
    told = [each["attrValues"][0] for each in attributes if each["attrType"] == rfc5652.id_messageDigest]
    if [bytes(decoder.decode(bytes(one))[0]) for one in told] != [hashed.finalize()]:
        return False
    _check(signer, certificate, encoder.encode(_as_set(attributes)), digest)
    return True


def _as_set(attributes: Any) -> Any:
    """What is signed is a SET of them, however they are tagged where they stand (RFC 5652, 5.4)."""
    whole = univ.SetOf(componentType=rfc5652.Attribute())
    whole.extend(attributes)
    return whole


def _check(signer: Any, certificate: x509.Certificate, data: bytes, digest: hashes.HashAlgorithm) -> None:
    key, signature = certificate.public_key(), bytes(signer["signature"])
    if isinstance(key, rsa.RSAPublicKey):
        how: Any = padding.PKCS1v15()
        if str(signer["signatureAlgorithm"]["algorithm"]) == _PSS:
            how = padding.PSS(padding.MGF1(digest), padding.PSS.AUTO)
        key.verify(signature, data, how, digest)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(digest))
    else:
        raise UnsupportedAlgorithm("neither RSA nor an elliptic curve")


def _name(certificate: x509.Certificate) -> str:
    """The address that it is for; without one its name."""
    try:
        also = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if addresses := also.get_values_for_type(x509.RFC822Name):
            return addresses[0]
    except x509.ExtensionNotFound:
        pass
    subject = certificate.subject
    for kind in (x509.NameOID.EMAIL_ADDRESS, x509.NameOID.COMMON_NAME):
        if found := subject.get_attributes_for_oid(kind):
            return str(found[0].value)
    return ""
