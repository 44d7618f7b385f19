"""Throwaway database servers: where their programs are, as whom they run, and how they start quickly."""
