"""What leaves the factory: acceptances and exported data sets."""

from schemas.record import Record
from schemas.sample import Kind


class Acceptance(Record):
    """A sample's place in its job's data set."""

    sample_id: str
    kind: Kind
    position: int
    """0, 1, … within the kind, in candidate order."""
    accepted_at: str


class Export(Record):
    """A data set folder whose manifest is written."""

    export_id: str
    export_path: str
    rows: int
    manifest_sha256: str
    exported_at: str
