"""What a live system is like, for a first configuration, and how its names are written there."""

from engine.connectors.survey import Survey, SurveyedType, from_anywhere, survey
from engine.expressions.sources import flow_of, is_attribute_name, is_plain

__all__ = ["Survey", "SurveyedType", "flow_of", "from_anywhere", "is_attribute_name", "is_plain", "survey"]
