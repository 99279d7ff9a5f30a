"""Reading any mail: bytes in, a `Mail` out, as pure functions without I/O."""
