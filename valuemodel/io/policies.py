"""All that tiers are decided by, opened from a project: the policies, the overrides, the own play.

Why this way: a run is the same run only if all of this is the same, so one place opens it and one digest
tells it apart; a replay opens another policy file in the very same way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from valuemodel.exceptions import SettingsError
from valuemodel.io.overrides_file import overrides_digest, read_overrides
from valuemodel.io.own_play import load_play, play_digest
from valuemodel.periods import Cutoff
from valuemodel.tiers.overrides import Overrides
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.policy.plan import SecondPolicySection
from valuemodel.tiers.records.plays import OwnPlay


@dataclass(frozen=True)
class Policies:
    """A tier policy, and what it names beside itself.

    Parameters
    ----------
    main : TierPolicy
        The policy that tiers are decided by.
    root : pathlib.Path
        The project root; everything that the policy names lies below it.
    second : mapping of str to TierPolicy
        Other policies over the same scores, such as that of customer success, by name. Only their
        tiers are told; overrides and a play that they name count where they are the main policy.
    play : callable, optional
        The project's own way to manage an account.
    """

    main: TierPolicy
    root: Path
    second: Mapping[str, TierPolicy] = field(default_factory=dict)
    play: OwnPlay | None = None

    @classmethod
    def open(cls, path: Path, root: Path) -> Self:
        """Read a policy file, those that it names, and the project's own play.

        Parameters
        ----------
        path : pathlib.Path
            The policy file; those that it names lie beside it.
        root : pathlib.Path
            The project root.

        Raises
        ------
        SettingsError
            If a file is not there or has mistakes, or a second policy names further ones.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "tiers.toml"
        ...     _ = path.write_text('version = "2026-1"')
        ...     Policies.open(path, Path(folder)).main.version
        '2026-1'
        """
        main = TierPolicy.load(path)
        second = {one.name: _second(one, path) for one in main.second}
        nested = [name for name, policy in second.items() if policy.second]
        if nested:
            problem = "a policy that is named as a second one names further policies"
            hint = "name all of them in the main policy"
            raise SettingsError(problem, received=", ".join(nested), hint=hint)
        return cls(main, root, second, load_play(main.play.own, root))

    def overrides(self, as_of: Cutoff) -> Overrides:
        """Return what people decided, as it stands at a cutoff.

        Raises
        ------
        SettingsError
            If the file that the policy names is not there, or has mistakes.
        """
        return read_overrides(self.main, self.root, as_of)

    @property
    def digest(self) -> str:
        """SHA-256 of all that tiers are decided by; comments and layout of a policy do not matter."""
        second = [[name, policy.digest] for name, policy in sorted(self.second.items())]
        people = overrides_digest(self.main, self.root)
        play = play_digest(self.main.play.own, self.root)
        said = json.dumps([self.main.digest, second, people, play])
        return hashlib.sha256(said.encode()).hexdigest()


def _second(named: SecondPolicySection, path: Path) -> TierPolicy:
    beside = path.parent / named.file
    if not beside.is_file():
        problem = f"the second policy {named.name!r} that {path.name} names is not there"
        hint = "write it beside the policy that names it, or take [[second]] out"
        raise SettingsError(problem, received=str(beside), hint=hint)
    return TierPolicy.load(beside)
