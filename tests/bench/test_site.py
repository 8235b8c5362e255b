"""The product comes up from bare machines, and does what it is for."""

from bench.site import Site


def test_up(site: Site) -> None:
    assert site.portals[1].healthy and site.portals[2].healthy
