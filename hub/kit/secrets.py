"""Encryption at rest of other people's passwords, and secrets kept in files made at first start."""

import hmac
import os
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from cryptography.fernet import Fernet, InvalidToken

from hub.kit.errors import ConfigurationError


class SecretBox:
    """Seals short texts with the key in `key_file` (Fernet: AES-128-CBC and HMAC-SHA256)."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)
        self._key = key

    @classmethod
    def open(cls, key_file: Path) -> "SecretBox":
        """Reads the key, making it (mode 0600) if there is none.

        Raises:
            ConfigurationError: the file holds something else, or cannot be read or made.
        """
        try:
            if not key_file.exists():
                key_file.parent.mkdir(parents=True, exist_ok=True)
                _write_once(key_file, Fernet.generate_key())
            return cls(key_file.read_bytes().strip())
        except OSError as exc:
            raise ConfigurationError(f"key file {key_file}: {exc.strerror}; check the data folder") from exc
        except ValueError as exc:
            raise ConfigurationError(
                f"{key_file} is not a key file; restore it from the backup, or remove it and enter all mailbox"
                " passwords again"
            ) from exc

    def derived(self, purpose: str) -> bytes:
        """32 bytes that only this key gives, others for each purpose (RFC 5869's expansion in one step)."""
        return hmac.digest(self._key, f"omnihub {purpose}".encode(), sha256)

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def unseal(self, sealed: str) -> str:
        """The text that was sealed.

        Raises:
            ConfigurationError: it was sealed with another key.
        """
        try:
            return self._fernet.decrypt(sealed.encode("ascii")).decode()
        except (InvalidToken, ValueError) as exc:
            raise ConfigurationError(
                "sealed with another key file than secret.key; restore that file from the backup"
            ) from exc


def kept_token(file: Path) -> str:
    """What the file holds; where there is none, it is made (mode 0600) with a random token.

    Raises:
        ConfigurationError: it is empty, or cannot be read or made.
    """
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            _write_once(file, token_hex(32).encode())
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"[peers] token_file {file}: {exc}; check the path and who may read it") from exc
    if not token:
        raise ConfigurationError(
            f"[peers] token_file {file} is empty; remove it, or write a long random text into it"
        )
    return token


def _write_once(path: Path, content: bytes) -> None:
    """Lets exactly one of several starting processes make the file, whole."""
    # Containers that share the folder all have process id 1, so the name is drawn.
    draft = path.with_name(f"{path.name}.{token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """The name of a new file is durable only with its folder; a lost key would lose every password."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
