"""What the package costs, and what it is worth: measured beside a peer or a bare baseline.

``python -m benchmarks NAME`` from the root of the repository; see README.md in this folder.
"""
