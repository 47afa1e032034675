"""Handing mail to the relay over SMTP (RFC 5321): one kept connection, every reply seen, nothing retried by itself.

It decides only what a reply means for this mail: not handed over, handed over, refused, or nobody knows.
"""

from oacmail.adapters.smtp.settings import SmtpLoginRefused, SmtpSettings
from oacmail.adapters.smtp.transport import SmtpTransport

__all__ = ["SmtpLoginRefused", "SmtpSettings", "SmtpTransport"]
