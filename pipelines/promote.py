"""Promote: make a registered version champion, with the record of why.

Edit this file: it is yours. It reads top to bottom, and `valuemodel promote` runs this very copy.
"""

from __future__ import annotations

from valuemodel.exceptions import GateRefused, ModelRefused, UsageError
from valuemodel.project import Project, Result


def run(
    project: Project, *, version: str = "challenger", forced: bool = False, reason: str = ""
) -> Result:
    """Make ``version`` champion if its gate passed, or by force with a recorded reason."""
    if forced and not reason.strip():
        problem = "promotion by force needs a reason"
        raise UsageError(problem, hint="add --reason 'why'; it is kept with the model")
    tracking = project.tracking
    found = tracking.version(version)
    if found is None:
        problem = f"there is no version {version!r} to promote"
        raise ModelRefused(problem, received=project.settings.project.name, hint="train one first")
    gate = tracking.document(found, "evidence.json").get("gate") or {}
    if not forced and not gate.get("passed"):
        problem = f"the gate did not pass version {found.number}"
        details = [str(line) for line in gate.get("reasons", ["it was never judged"])]
        hint = "train again, or promote it with --force --reason 'why'"
        raise GateRefused(problem, details=details, hint=hint)
    why = reason.strip() or str(gate.get("verdict"))
    champion = tracking.promote(found, {"reason": why, "forced": forced, "gate": gate})
    line = f"champion is now version {champion.number}: {why}"
    return Result((line,), {"champion": champion.number, "reason": why, "forced": forced})
