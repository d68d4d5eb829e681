"""Speed of `overlap` beside other programs, measured in one run.

A `Workload` is one job at one size. Its `Case` holds the job as a call of `overlap` and as
calls of peers that do the same, and the check that they give the same answer. Workloads
stand in ``test_*.py``, which mirror the package; jobs at growing sizes stand in ``growth.py``:

- ``python -m benchmarks`` races all of them, a call of each per round, keeps the results in
  ``results.json``, and writes ``docs/about/benchmarks.md`` with its picture from them;
- ``--only rotated polygons`` measures these sections anew, and leaves the others as they are;
- ``--redraw`` writes the page from the kept results; ``--quick`` shows some rounds, and keeps
  nothing;
- ``pytest benchmarks --benchmark-enable`` gives pytest-benchmark's own statistics.

Peers are optional: one that is not installed is listed as not measured.
"""
