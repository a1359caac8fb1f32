"""Pictures of what was measured, for papers and pages: `draw` makes a matplotlib figure, and PNG, SVG or PDF."""

from xlbench.reports.figures.drawing import draw

__all__ = ["draw"]
