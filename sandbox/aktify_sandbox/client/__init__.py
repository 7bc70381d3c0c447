"""The client of the admin API: requests and answers as values, and clients for a sandbox in this process or over HTTP.

The command line uses only the messages, and sends them with httpx, which streams both ways and reports what failed.
Code inside a test must not use httpx here: libraries that replace its answers (respx, pytest-httpx, VCR.py) mean the
code under test.
"""
