"""Make the moving picture of the README out of the screenshots: one after the other, for some seconds each."""

import re
import sys
from pathlib import Path

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
TOUR = SCREENSHOTS / "tour.svg"
SHOWN = ("line-running", "exports", "review", "approve", "metaverse-object", "runs")
SECONDS = 4


def picture() -> str:
    """Give the moving picture."""
    return moving([(SCREENSHOTS / f"{name}-120x40.svg").read_text() for name in SHOWN])


def moving(frames: list[str]) -> str:
    """Make one picture of many of one size, each shown for some seconds."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', frames[0])
    assert box is not None
    width, height = box.groups()
    whole, part = SECONDS * len(frames), 100 / len(frames)
    head = (
        f'<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">\n<style>\n'
        f".frame {{ visibility: hidden; animation: shown {whole}s steps(1) infinite; }}\n"
        f"@keyframes shown {{ 0% {{ visibility: visible; }} {part:.3f}%, 100% {{ visibility: hidden; }} }}\n"
        ".frame:first-of-type { visibility: visible; }\n"
        "@media (prefers-reduced-motion: reduce) { .frame { animation: none; } }\n"
        "</style>\n"
    )
    shown = [
        f'<g class="frame" style="animation-delay: {SECONDS * number}s">\n{_own_names(frame, number)}\n</g>\n'
        for number, frame in enumerate(frames)
    ]
    return head + "".join(shown) + "</svg>\n"


def _own_names(frame: str, number: int) -> str:
    """Give a frame whose classes and ids are no other frame's."""
    return frame.strip().replace("interlock-", f"frame{number}-").replace('class="rich-terminal"', "")


def main() -> int:
    """Write the moving picture."""
    TOUR.write_text(picture())
    return 0


if __name__ == "__main__":
    sys.exit(main())
