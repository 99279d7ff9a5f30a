"""Passkeys: keys that an authenticator keeps, and that let in without a password (WebAuthn)."""
