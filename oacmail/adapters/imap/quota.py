"""How full the mailbox is, if the server says so (QUOTA, RFC 9208). A server that fails on the question has given no
answer; only a broken connection is a fault."""

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from imapclient.imapclient import Quota


def fill(client: IMAPClient) -> float:
    """Return the share that INBOX uses of the limit closest to full; 0.0 if no limit is known."""
    try:
        _, quotas = client.get_quota_root("INBOX")
    except IMAPClientAbortError:
        raise
    except (IMAPClientError, IndexError, ValueError, TypeError):
        return 0.0
    return max((_share(quota) for quota in quotas), default=0.0)


def _share(quota: Quota) -> float:
    """Return the used share of any resource: bytes or messages."""
    return float(quota.usage) / quota.limit if quota.limit else 0.0
