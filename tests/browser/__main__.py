"""Pages and their faults, by ``python -m browser`` in the folder ``tests``."""

import argparse
import sys
from pathlib import Path

from .chromium import PAPER, SCREENS, Chromium, lack


def main() -> int:
    """Check pages, and write pictures of them; 1 if there is a fault."""
    parser = argparse.ArgumentParser(prog="python -m browser", description=main.__doc__)
    parser.add_argument("pages", nargs="+", type=Path, metavar="PAGE")
    parser.add_argument("--shots", type=Path, metavar="FOLDER", help="write pictures here")
    parser.add_argument("--site", type=Path, metavar="FOLDER", help="files that pages may load")
    words = parser.parse_args()
    if lack():
        parser.error(str(lack()))
    count = 0
    with Chromium() as chromium:
        for path in words.pages:
            faults = chromium.faults(path, folder=words.site)
            count += len(faults)
            print(*faults, f"{path}: {len(faults)} faults", sep="\n")
            if words.shots:
                words.shots.mkdir(parents=True, exist_ok=True)
                for view in (*SCREENS, PAPER):
                    kind = view.scheme if view.media == "screen" else view.media
                    file = words.shots / f"{path.stem}-{view.width}-{kind}.png"
                    chromium.picture(path, view, file)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
