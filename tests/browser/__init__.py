"""Every page that the package writes, in a real browser.

``python -m browser PAGE... --shots FOLDER`` in the folder ``tests`` checks pages and writes
pictures of them. The tests are skipped where Chromium, or packages of the extra ``browser``, are
missing.
"""
