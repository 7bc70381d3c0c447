"""The one client of the admin API: what is asked and answered, and who asks, in this process or over HTTP.

The command line takes the messages alone, and httpx for its bytes: it streams both ways and says what broke. In the
process of a test nothing may go by httpx: what replaces answers there (respx, pytest-httpx, VCR.py) means the code
under test.
"""
