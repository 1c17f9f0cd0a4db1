"""The sync rules, compiled from the configuration: scope, joins, flows, lifecycle."""

from engine.rules.compiled import Flow, InboundRule, OutboundRule, Rules
from engine.rules.compiling import compile_rules

__all__ = ["Flow", "InboundRule", "OutboundRule", "Rules", "compile_rules"]
