"""A real IMAP and POP3 server for tests: Dovecot on ports of its own; a test can write into its users' maildirs."""

import grp
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from hub.channels.simulators.certificate import Certificate
from hub.testing.servers import packages
from hub.testing.servers.process import HOST, ServerProcess, free_ports, replies

SENT = "Ушедшие письма"
"""The folder that every user's server marks as `\\Sent`."""
_BINARY = "/usr/sbin/dovecot"
_POP3 = Path("/usr/lib/dovecot/pop3")
"""Of a package of its own; without it the server speaks IMAP alone."""
_SECONDS_TO_INSTALL = 240

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = {protocols}
listen = {host}
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0 secs
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_max_userip_connections = 100
maildir_stat_dirs = yes
service imap-login {{
  {chroot}
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
{pop}
service anvil {{
  {chroot}
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
namespace inbox {{
  inbox = yes
  mailbox "{sent}" {{
    special_use = \\Sent
    auto = create
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
{oauth}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
"""
_POP = """
service pop3-login {{
  {chroot}
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""
_OAUTH = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth.ext
}}
"""


class DovecotServer(ServerProcess):
    """`start`, `stop`, `kill`; the ports stay, and the mail. `remove` at the very end."""

    def __init__(self, users: dict[str, str], *, tokeninfo_url: str = "") -> None:
        """`users` are passwords by login. `tokeninfo_url` is asked about access tokens, which then log in, too."""
        # pytest's folders are closed to the user that Dovecot drops to, and too deep for its sockets.
        self.folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.port, self.tls_port, self.pop_port, self.pop_tls_port = free_ports(4)
        self.certificate = Certificate.make(HOST)
        self._mails = 0
        self._owner = pwd.getpwnam("mail") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._write(users, tokeninfo_url)
        command = [_binary() or _BINARY, "-F", "-c", str(self.folder / "dovecot.conf")]
        super().__init__(command, folder=self.folder, answers=lambda: replies(self.port, b""))

    def put(self, user: str, mails: Iterable[bytes], *, folder: str = "") -> None:
        """Delivers mails straight into the maildir, as a local mail transport does; folders are `.Name`."""
        self.staged(user, mails, folder=folder)()

    def staged(self, user: str, mails: Iterable[bytes], *, folder: str = "") -> Callable[[], None]:
        """Writes mails beside the maildir; what it returns delivers them, all at once."""
        maildir = self.folder / "mail" / user / "Maildir" / folder
        for part in ("tmp", "new", "cur"):
            if not (maildir / part).exists():
                (maildir / part).mkdir(parents=True)
                self._hand_over(self.folder / "mail" / user)
        drafts = [self._draft(maildir, raw) for raw in mails]

        def deliver() -> None:
            for draft in drafts:
                draft.rename(maildir / "new" / draft.name)

        return deliver

    def _draft(self, maildir: Path, raw: bytes) -> Path:
        self._mails += 1
        # Dovecot numbers new mails in the order of these names.
        draft = maildir / "tmp" / f"{1_700_000_000 + self._mails}.M{self._mails}.test"
        draft.write_bytes(raw)
        self._hand_over(draft)
        return draft

    def recreate(self, user: str) -> None:
        """The INBOX gets a new UIDVALIDITY and new UIDs, in the same order, as after its index was lost."""
        maildir = self.folder / "mail" / user / "Maildir"
        old = (maildir / "dovecot-uidlist").read_text().splitlines()
        validity = next(int(word[1:]) for word in old[0].split() if word.startswith("V"))
        for path in [*maildir.glob("dovecot.index*"), maildir / "dovecot-uidlist"]:
            path.unlink(missing_ok=True)
        guid = next(word for word in old[0].split() if word.startswith("G"))
        (maildir / "dovecot-uidlist").write_text(f"3 V{validity + 1} N1 {guid}\n")
        self._hand_over(maildir / "dovecot-uidlist")

    def let_in(self, users: dict[str, str]) -> None:
        """These logins and passwords are right from now on, and no others."""
        draft = self.folder / "users.new"
        draft.write_text("".join(f"{user}:{password}\n" for user, password in users.items()))
        draft.chmod(0o644)
        draft.replace(self.folder / "users")

    def empty(self, user: str) -> None:
        """As on the user's first day."""
        shutil.rmtree(self.folder / "mail" / user, ignore_errors=True)
        (self.folder / "mail" / user).mkdir(parents=True)
        self._hand_over(self.folder / "mail" / user)

    def remove(self) -> None:
        """Stops it and removes its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What it logged so far."""
        return (self.folder / "dovecot.log").read_text(errors="replace")

    def _write(self, users: dict[str, str], tokeninfo_url: str) -> None:
        folder = self.folder
        folder.chmod(0o755)
        (folder / "certificate.pem").write_bytes(self.certificate.certificate)
        (folder / "key.pem").write_bytes(self.certificate.key)
        self.let_in(users)
        (folder / "oauth.ext").write_text(
            f"tokeninfo_url = {tokeninfo_url}\nintrospection_mode = get\nusername_attribute = user\n"
        )
        for user in users:
            self.empty(user)
        (folder / "dovecot.conf").write_text(self._config(tokeninfo_url))

    def _config(self, tokeninfo_url: str) -> str:
        root = os.geteuid() == 0
        name = self._owner.pw_name
        chroot = "" if root else "chroot ="
        pop = _POP.format(chroot=chroot, port=self.pop_port, tls_port=self.pop_tls_port)
        return _CONFIG.format(
            folder=self.folder,
            host=HOST,
            port=self.port,
            tls_port=self.tls_port,
            sent=SENT,
            uid=self._owner.pw_uid,
            gid=self._owner.pw_gid,
            internal="dovecot" if root else name,
            internal_group="dovecot" if root else grp.getgrgid(self._owner.pw_gid).gr_name,
            login="dovenull" if root else name,
            chroot=chroot,
            protocols="imap pop3" if _POP3.exists() else "imap",
            pop=pop if _POP3.exists() else "",
            oauth=_OAUTH.format(folder=self.folder) if tokeninfo_url else "",
        )

    def _hand_over(self, path: Path) -> None:
        """To the user that reads mail, whole folders, too."""
        if os.geteuid() == 0:
            for each in (path, *(path.rglob("*") if path.is_dir() else ())):
                os.chown(each, self._owner.pw_uid, self._owner.pw_gid)


@cache
def missing() -> str | None:
    """Why Dovecot cannot run here, or nothing; on a machine that is there for tests alone it is installed, once."""
    if reason := packages.missing("dovecot-imapd", _binary, seconds=_SECONDS_TO_INSTALL):
        return reason
    told = subprocess.run([_binary() or _BINARY, "--version"], capture_output=True, text=True, check=False).stdout
    if not told.startswith("2.3."):
        return f"these tests write the configuration of version 2.3, and this is {told.strip() or 'unknown'}"
    return None


@cache
def missing_pop() -> str | None:
    """The same of its POP3."""
    return missing() or packages.missing("dovecot-pop3d", _POP3.exists, seconds=_SECONDS_TO_INSTALL)


def start_dovecot(users: dict[str, str], *, tokeninfo_url: str = "") -> DovecotServer:
    """A fresh server, ready to be used; call `remove` at the end."""
    server = DovecotServer(users, tokeninfo_url=tokeninfo_url)
    try:
        server.start()
    except RuntimeError as exc:
        raise RuntimeError(f"{exc}\n{server.log()}") from exc
    return server


def _binary() -> str | None:
    return shutil.which("dovecot") or (_BINARY if Path(_BINARY).exists() else None)
