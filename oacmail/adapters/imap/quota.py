"""How full the mailbox is, where the server tells (QUOTA, RFC 9208). A server that stumbles over the question has said
nothing; only a broken line is a fault."""

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from imapclient.imapclient import Quota


def fill(client: IMAPClient) -> float:
    """The share that INBOX has used of the limit that is nearest; 0.0 = no limit is known."""
    try:
        _, quotas = client.get_quota_root("INBOX")
    except IMAPClientAbortError:
        raise
    except (IMAPClientError, IndexError, ValueError, TypeError):
        return 0.0
    return max((_share(quota) for quota in quotas), default=0.0)


def _share(quota: Quota) -> float:
    """Of a resource of any kind: bytes or messages."""
    return float(quota.usage) / quota.limit if quota.limit else 0.0
