"""Join format=flowed lines into paragraphs (RFC 3676 section 4). No character is lost."""

_SIGNATURE = "-- "


def unwrap(text: str, *, delsp: bool) -> str:
    """Return `text` without soft line breaks, with "> " for each quote level; `delsp` is the DelSp parameter."""
    paragraphs: list[list[str]] = []
    flowing = -1  # quote depth of the line being continued, -1 for none
    for raw in text.split("\n"):
        content = raw.lstrip(">")
        depth = len(raw) - len(content)
        content = content.removeprefix(" ")
        soft = content.endswith(" ") and content != _SIGNATURE
        if depth != flowing or content == _SIGNATURE:
            paragraphs.append(["> " * depth])
        paragraphs[-1].append(content[:-1] if soft and delsp else content)
        flowing = depth if soft else -1
    return "\n".join("".join(pieces) for pieces in paragraphs)
