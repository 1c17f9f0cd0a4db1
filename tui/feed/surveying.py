"""What a live directory is like, for a first configuration."""

from engine.connectors.ldap_survey import Survey, SurveyedType, survey

__all__ = ["Survey", "SurveyedType", "survey"]
