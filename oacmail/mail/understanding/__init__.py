"""Decoded text to facts about it: what was written now, automatic mail, reports, language, features, scores. Decides
nothing about cases."""
