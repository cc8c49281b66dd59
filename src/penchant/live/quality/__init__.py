"""Quality, watched: what becomes of the lists that people get."""

from .feedback import CONVERSIONS, Count, Feedback
from .judged import LENGTH, Judged, Prequential, Quality

__all__ = ["CONVERSIONS", "LENGTH", "Count", "Feedback", "Judged", "Prequential", "Quality"]
