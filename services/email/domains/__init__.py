"""Domains that mail leaves from: signed by us (DKIM), and checked for what receivers look for (SPF, DKIM, DMARC)."""
