"""Peers: the other services, seen from outside through the gateway, by what they declare."""
