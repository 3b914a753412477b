"""The connections of all services together fit the embedded server."""

from shared.config import WELL_KNOWN_PORTS
from shared.postgres.pool_sizes import CONNECTIONS, LEADERSHIP, SERVER_MAXIMUM

FOR_TOOLS = 10
"""Provisioning, imports by hand, psql; and those that PostgreSQL keeps for superusers."""


def test_two_replicas_of_every_service_leave_room_for_tools():
    assert set(CONNECTIONS) == set(WELL_KNOWN_PORTS)
    of_services = 2 * sum(size + LEADERSHIP for size in CONNECTIONS.values())
    assert of_services + FOR_TOOLS <= SERVER_MAXIMUM
