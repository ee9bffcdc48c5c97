"""What every section of params.yaml is, and the kinds of values that many of them have."""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A section of params.yaml: immutable, every key required, no other key allowed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PerSplit(Section, Generic[T]):
    train: T
    validation: T
    test: T
