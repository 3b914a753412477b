"""Child processes: started, made ready, restarted, and never left behind."""

from shared.processes.lock import FileLock, LockedError, holder_of
from shared.processes.platforms import UnsupportedPlatformError, platform_check
from shared.processes.ports import NoFreePortError, PortChoice, choose_port, private_port
from shared.processes.program import Change, ChildFailedError, Program, State
from shared.processes.supervisor import AlreadySupervisedError, Supervisor

__all__ = [
    "AlreadySupervisedError",
    "Change",
    "ChildFailedError",
    "FileLock",
    "LockedError",
    "NoFreePortError",
    "PortChoice",
    "Program",
    "State",
    "Supervisor",
    "UnsupportedPlatformError",
    "choose_port",
    "holder_of",
    "platform_check",
    "private_port",
]
