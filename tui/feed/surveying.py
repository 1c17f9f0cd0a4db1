"""What a live system is like, for a first configuration."""

from engine.connectors.survey import Survey, SurveyedType, survey

__all__ = ["Survey", "SurveyedType", "survey"]
