"""Hand mail to the relay over SMTP (RFC 5321): one kept connection, every reply checked, no automatic retry.

This package decides only what a reply means for a mail: not handed over, handed over, refused, or uncertain.
"""

from oacmail.smtp.transport import SmtpLoginRefused, SmtpSettings, SmtpTransport

__all__ = ["SmtpLoginRefused", "SmtpSettings", "SmtpTransport"]
