"""Host names and addresses, as the configuration and the connections to servers read them."""

from ipaddress import ip_address


def is_address(host: str) -> bool:
    """True if `host` is an IPv4 or IPv6 address and not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """True if `host` is this machine: localhost, 127.0.0.0/8 or ::1 (RFC 6761 section 6.3, RFC 6890)."""
    return ip_address(host).is_loopback if is_address(host) else host == "localhost"
