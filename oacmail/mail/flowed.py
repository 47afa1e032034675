"""format=flowed text put back into paragraphs (RFC 3676 section 4). Decides nothing else; never loses a character."""


def unwrap(text: str, *, delsp: bool = False) -> str:
    """`text` with its soft line breaks undone; quote marks stay, "> " for each level; `delsp`: the DelSp parameter."""
    lines: list[str] = []
    depth_open = -1  # quote depth of a line that flows on, -1 for none
    for raw in text.split("\n"):
        content = raw.lstrip(">")
        depth = len(raw) - len(content)
        content = content.removeprefix(" ")
        soft = content.endswith(" ") and content != "-- "
        body = content[:-1] if soft and delsp else content
        if depth == depth_open and content != "-- ":
            lines[-1] += body
        else:
            lines.append("> " * depth + body)
        depth_open = depth if soft else -1
    return "\n".join(lines)
