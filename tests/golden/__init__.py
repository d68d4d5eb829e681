"""Reports of every evaluator, kept with all their digits.

``python -m golden`` in the folder ``tests`` writes them anew; ``git diff`` then shows what a change
of the package did to the numbers.
"""
