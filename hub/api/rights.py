"""What the four roles that every hub has may do, until an administrator says otherwise."""

from enum import StrEnum


class Role(StrEnum):
    ADMINISTRATOR = "administrator"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"
    MARKETER = "marketer"


class Right(StrEnum):
    OWN_ACCOUNT = "own_account"
    """One's own profile, password, sessions and tokens."""
    READ_CORRESPONDENCE = "read_correspondence"
    """Clients, chains, interactions, attachments, the live stream."""
    WRITE_MESSAGES = "write_messages"
    REVEAL = "reveal"
    """See whole what one is shown masked; each time is in the audit."""
    WRITE_TASKS = "write_tasks"
    """Give tasks, do them, plan."""
    PLAY_RECORDINGS = "play_recordings"
    """Listen to recorded calls; each time is in the audit."""
    DOWNLOAD_RECORDINGS = "download_recordings"
    """Keep them as files."""
    READ_CHANNELS = "read_channels"
    MANAGE_CHANNELS = "manage_channels"
    READ_DEAD_LETTERS = "read_dead_letters"
    MANAGE_DEAD_LETTERS = "manage_dead_letters"
    READ_JOBS = "read_jobs"
    MANAGE_JOBS = "manage_jobs"
    """Cancel and revert what somebody started."""
    READ_TEAMS = "read_teams"
    READ_EMPLOYEES = "read_employees"
    MANAGE_EMPLOYEES = "manage_employees"
    """Roles and teams, too."""
    READ_AUDIT = "read_audit"
    READ_CAMPAIGNS = "read_campaigns"
    """Templates, segments, mailings and what came of them, consent."""
    MANAGE_CAMPAIGNS = "manage_campaigns"
    """Write them, and send mailings."""


_EVERYBODY = {
    Right.OWN_ACCOUNT,
    Right.READ_CORRESPONDENCE,
    Right.WRITE_TASKS,
    Right.READ_CHANNELS,
    Right.READ_JOBS,
    Right.READ_TEAMS,
    Right.READ_CAMPAIGNS,
}

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.ADMINISTRATOR: frozenset(Right),
    Role.SUPERVISOR: frozenset(Right) - {Right.MANAGE_EMPLOYEES, Right.MANAGE_CHANNELS, Right.MANAGE_JOBS},
    Role.MARKETER: frozenset(_EVERYBODY | {Right.MANAGE_CAMPAIGNS}),
    Role.OPERATOR: frozenset(_EVERYBODY | {Right.WRITE_MESSAGES, Right.PLAY_RECORDINGS}),
}


def roles_with(right: Right) -> list[Role]:
    """The roles that have a right, strongest first."""
    return [role for role, rights in RIGHTS.items() if right in rights]
