"""What our mails say, in Catalan, Spanish and English: names and sentences as tables, and how a mail is composed and
rendered. Nothing here decides that a mail is sent.
"""
