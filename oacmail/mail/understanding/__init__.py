"""Derive facts from decoded text: new text, automatic mail, reports, language, features, scores. Nothing here decides
about cases."""
