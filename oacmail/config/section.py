"""The base of all sections of config.toml: immutable, no unknown keys, no values in errors."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One table of the file. Sections with equal values are equal; a section cannot be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False)
