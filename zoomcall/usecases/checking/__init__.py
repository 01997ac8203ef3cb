"""The checks of ``doctor``: what is looked at, in which order, and what it says."""
