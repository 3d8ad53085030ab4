"""Raw files into canonical tables, or a list of what is wrong with them."""

from helpers.intake.school_table import Accepted, accept

__all__ = ["Accepted", "accept"]
