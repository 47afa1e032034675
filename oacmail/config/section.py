"""What all sections of config.toml have in common: frozen once read, no unknown keys, no values in errors."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One table of the file. Equal values make equal sections; nothing can be changed after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False)
