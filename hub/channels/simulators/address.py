"""Mail addresses as the simulator compares them."""


def bare(address: str) -> str:
    """Lower case, without what follows a plus sign: `User+Token@Domain` is `user@domain`."""
    local, _, domain = address.strip().strip("<>").lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def domain_of(address: str) -> str:
    return bare(address).rpartition("@")[2]
