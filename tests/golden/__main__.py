"""Run by ``python -m golden`` in the folder ``tests``."""

import os
import sys
import tempfile
from pathlib import Path

from .reports import FOLDER, REFERENCE, SAMPLES, reference_summary, sample_report, write


def main() -> int:
    """Write every kept report anew, and the reference data's numbers where it is there."""
    for name, make in SAMPLES.items():
        with tempfile.TemporaryDirectory() as folder:
            write(FOLDER / f"{name}.json", sample_report(make, Path(folder)))
    data = os.environ.get("OVERLAP_REFERENCE_DATA")
    if data:
        made = {name: reference_summary(make, Path(data)) for name, make in REFERENCE.items()}
        write(FOLDER / "reference.json", made)
    else:
        print("OVERLAP_REFERENCE_DATA is not set: reference.json stays as it is", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
