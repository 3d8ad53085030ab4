"""Intervals of estimates whose error is taken to be normal."""

from __future__ import annotations

Z95 = 1.96
"""How many standard errors a 95-percent interval reaches on either side of its estimate; used by every layer from here on."""
