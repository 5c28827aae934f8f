"""The promotion gate, and the proof that luck does not pass it."""

from valuemodel.evaluation.gate.gate import decide

__all__ = ["decide"]
