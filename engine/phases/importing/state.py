"""What one import knows from page to page: what came, on disk, and a bit for each object that was seen."""

from dataclasses import dataclass, field

from engine.connectors.base import ImportEnd
from engine.errors import ConnectionLost
from engine.gates.mass_changes import Tally
from engine.phases.importing.arrivals import Arrivals
from engine.phases.importing.previous_ids import Claims
from engine.phases.importing.unchanged import LastRead
from engine.statistics import Statistic
from engine.step import Step
from storage import clock
from storage.fingerprints import Fingerprints
from storage.imports import Sightings


@dataclass(slots=True)
class ImportState:
    """What an import remembers from page to page: a bit for each CSO, and what came, on disk."""

    step: Step
    reconciles: bool = False
    """Whether exports of the system were sent, and are still open."""
    exported: Sightings = field(default_factory=Sightings)
    """The CSOs that have open exports, where it does."""
    is_known: dict[str, bool] = field(default_factory=dict)
    """Object type → whether there was anything of it before."""
    flowing: dict[str, frozenset[str]] = field(default_factory=dict)
    asked_about: set[int] = field(default_factory=set)
    """CSOs of which the review asks who they are."""
    reading: str = ""
    """What stands for how the system is read."""
    last: LastRead | None = None
    """What the last import saw, where reading the same again would only repeat it."""
    fingerprints: Fingerprints = field(default_factory=Fingerprints)
    """What is known of the system's records, and what will be."""
    known_since_step: int = 0
    """The import before, if nothing has changed since what is known of the records was kept."""
    read_since: str = field(default_factory=clock.now)
    """When the oldest record of which something is known was read."""
    is_noted: bool = False
    """Whether something was told of how the system was read."""
    end: ImportEnd = ImportEnd(complete=False)  # noqa: RUF009 - frozen
    lost: ConnectionLost | None = None
    sightings: Sightings = field(default_factory=Sightings)
    recalled: Sightings = field(default_factory=Sightings)
    """The CSOs whose records were not read, for they are what they were."""
    met: Sightings = field(default_factory=Sightings)
    """The CSOs whose ids or names records had that were read."""
    is_doubtful: bool = False
    """Whether a record that was not read came twice."""
    applied: list[tuple[bytes, int]] = field(default_factory=list)
    """What the page that is being applied makes of records: fingerprint, CSO."""
    unreadable: list[str] = field(default_factory=list)
    arrivals: Arrivals = field(default_factory=Arrivals)
    claims: Claims = field(default_factory=Claims)
    tally: Tally = field(default_factory=Tally)

    @property
    def complete(self) -> bool:
        """Whether the system was read to its end, and everybody in it could be told apart."""
        return self.lost is None and self.end.complete and not self.unreadable

    def read_everything(self) -> None:
        """Begin again, and read every record: what is known of some cannot be relied on."""
        self.fingerprints = Fingerprints()
        self.read_since, self.lost = clock.now(), None
        self.begin_again()

    def begin_again(self) -> None:
        """Forget what was seen: everything is read once more."""
        self.sightings, self.recalled, self.met = Sightings(), Sightings(), Sightings()
        self.is_doubtful = False
        self.fingerprints.begin_again()
        self.unreadable.clear()
        self.arrivals.clear()
        self.claims.clear()
        self.tally.clear()
        self.step.statistics.pop(Statistic.UNCHANGED, None)
        self.step.done = 0
