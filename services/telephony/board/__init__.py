"""The supervisor's board: agents, calls that go on, queues, service level and drops, as of now."""
