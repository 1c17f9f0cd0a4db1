"""What a live directory is like, for a first configuration."""

from engine.connectors.ldap.survey import Survey, SurveyedType, survey

__all__ = ["Survey", "SurveyedType", "survey"]
