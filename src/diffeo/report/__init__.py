"""Pages, figures and tables made from records alone."""

from diffeo.report.images import write_pictures
from diffeo.report.report import Measure, ReportOptions, write_report
from diffeo.report.rows import write_table

__all__ = [
    "Measure",
    "ReportOptions",
    "write_pictures",
    "write_report",
    "write_table",
]
