"""What every table of the configuration is."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A table of the file: no unknown keys, no changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
