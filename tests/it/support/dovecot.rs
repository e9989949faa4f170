//! A real IMAP server (Dovecot) for tests, over TLS with a certificate of the test's own.
//!
//! Invariant: it runs from a folder of the test's own, on ports of its own, under an account that is not root, and ends
//! with the value that stands for it. Mail is delivered as files of a Maildir, as a mail server does it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::wait::wait_for;

/// The password of every mailbox.
pub const PASSWORD: &str = "geheim";

pub struct Dovecot {
    folder: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
    is_root: bool,
    /// Where it asks about tokens, once it lets people in by them alone.
    tokeninfo: Option<String>,
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Dovecot {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("cert.pem"), certified.cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), certified.signing_key.serialize_pem()).unwrap();
        let is_root = output("id", &["-u"]) == "0";
        let mut dovecot = Self { port: free_port(), folder, child: None, is_root, tokeninfo: None };
        std::fs::set_permissions(dovecot.folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::create_dir_all(dovecot.folder.path().join("home")).unwrap();
        dovecot.own(&dovecot.folder.path().join("home"));
        dovecot.resume().await;
        dovecot
    }

    /// Lets people in by tokens alone (XOAUTH2) from now on, about which it asks here.
    pub async fn by_tokens(&mut self, tokeninfo: String) {
        self.stop();
        let asking = format!("tokeninfo_url = {tokeninfo}\nusername_attribute = username\n");
        std::fs::write(self.folder.path().join("oauth2.conf"), asking).unwrap();
        self.tokeninfo = Some(tokeninfo);
        self.resume().await;
    }

    /// Certificate and key of `localhost`, as PEM.
    pub fn certificate(&self) -> (String, String) {
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name)).unwrap();
        (read("cert.pem"), read("key.pem"))
    }

    /// Whose the mail is: Dovecot serves none that is root's.
    fn account(&self) -> (String, String) {
        match self.is_root {
            true => ("nobody".to_owned(), "nogroup".to_owned()),
            false => (output("id", &["-un"]), output("id", &["-gn"])),
        }
    }

    fn own(&self, path: &Path) {
        if self.is_root {
            let (user, group) = self.account();
            let path = path.to_str().unwrap();
            assert!(Command::new("chown").args([&format!("{user}:{group}"), path]).status().unwrap().success());
        }
    }

    fn settings(&self) -> String {
        let at = self.folder.path().display();
        let (user, group) = self.account();
        let internal = match self.is_root {
            true => String::new(),
            false => format!(
                "default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n"
            ),
        };
        let known = match self.tokeninfo {
            None => format!("passdb {{\n driver = static\n args = password={PASSWORD}\n}}\n"),
            Some(_) => format!(
                "auth_mechanisms = xoauth2\npassdb {{\n driver = oauth2\n mechanisms = xoauth2\n args = {at}/oauth2.conf\n}}\n"
            ),
        };
        format!(
            "protocols = imap\nlisten = 127.0.0.1\nbase_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/log\n\
             {internal}ssl = required\nssl_cert = <{at}/cert.pem\nssl_key = <{at}/key.pem\nfirst_valid_uid = 1\n\
             service imap-login {{\n chroot =\n inet_listener imap {{\n port = 0\n }}\n inet_listener imaps {{\n port = {port}\n ssl = yes\n }}\n}}\n\
             service anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\n\
             {known}\
             userdb {{\n driver = static\n args = uid={user} gid={group} home={at}/home/%u\n}}\n\
             mail_location = maildir:~/Maildir\nnamespace inbox {{\n inbox = yes\n mailbox Archiv {{\n auto = create\n }}\n}}\nmail_max_userip_connections = 50\n",
            port = self.port,
        )
    }

    /// Starts it, the first time or again.
    pub async fn resume(&mut self) {
        let file = self.folder.path().join("dovecot.conf");
        std::fs::write(&file, self.settings()).unwrap();
        let mut command = Command::new("dovecot");
        command.arg("-F").arg("-c").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        self.child = Some(command.spawn().expect("dovecot is there: tests/run installs it"));
        let port = self.port;
        wait_for("Dovecot", Duration::from_secs(20), || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())
            .await;
    }

    /// An outage begins.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            super::process::signal_if_there(&child.id().to_string(), "TERM");
            child.wait().ok();
        }
    }

    /// The settings of one of its mailboxes.
    pub fn mailbox(&self, user: &str, more: &str) -> String {
        self.mailbox_by(user, &format!("password = \"{PASSWORD}\"\n{more}"))
    }

    /// The same, where `more` says how to log on.
    pub fn mailbox_by(&self, user: &str, more: &str) -> String {
        format!(
            "[[inbound.mailbox]]\nname = \"{user}\"\nhost = \"localhost\"\nport = {}\nuser = \"{user}\"\n\
             root_certificate = \"{}\"\n{more}\n",
            self.port,
            self.folder.path().join("cert.pem").display()
        )
    }

    fn maildir(&self, user: &str) -> PathBuf {
        self.folder.path().join("home").join(user).join("Maildir")
    }

    /// Puts a mail into a mailbox.
    pub fn deliver(&self, user: &str, raw: &[u8]) {
        let maildir = self.maildir(user);
        let parts = ["tmp", "new", "cur"].map(|part| maildir.join(part));
        for folder in [maildir.parent().unwrap(), &maildir].into_iter().chain(parts.iter().map(PathBuf::as_path)) {
            // One that is there is Dovecot's already.
            if std::fs::create_dir(folder).is_ok() {
                self.own(folder);
            }
        }
        let name = format!("{}.test", uuid::Uuid::now_v7().simple());
        std::fs::write(maildir.join("tmp").join(&name), raw).unwrap();
        self.own(&maildir.join("tmp").join(&name));
        std::fs::rename(maildir.join("tmp").join(&name), maildir.join("new").join(&name)).unwrap();
    }

    /// How many mails a folder holds, and how many of them are marked as read.
    pub fn count(&self, user: &str, folder: &str) -> (usize, usize) {
        let maildir = self.maildir(user).join(folder);
        let files = |part: &str| -> Vec<String> {
            let found = std::fs::read_dir(maildir.join(part)).into_iter().flatten().flatten();
            found.map(|file| file.file_name().to_string_lossy().into_owned()).collect()
        };
        let all = [files("new"), files("cur")].concat();
        let seen = |name: &&String| name.rsplit_once(":2,").is_some_and(|(_, flags)| flags.contains('S'));
        (all.len(), all.iter().filter(seen).count())
    }

    /// The server forgets its UIDs: everything is numbered anew under another UIDVALIDITY.
    pub async fn renumber(&mut self, user: &str) {
        self.stop();
        let maildir = self.maildir(user);
        for file in std::fs::read_dir(&maildir).unwrap().flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            if name.starts_with("dovecot") {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
        std::fs::write(maildir.join("dovecot-uidlist"), "3 V1234567 N1\n").unwrap();
        self.own(&maildir.join("dovecot-uidlist"));
        self.resume().await;
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
    }
}
