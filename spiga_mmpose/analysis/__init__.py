"""What experiments share: trainings compared, test faces under harm.

For ``tools/analysis_tools``; nothing else in the package reads it.
"""
