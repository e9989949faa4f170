//! Lotse as a process of its own, to be stopped, killed and watched from outside.
//!
//! Invariant: the process ends with the value that stands for it. It runs the binary under test with a settings
//! file of the test's own, and is told apart by nothing but its port.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::wait::{wait_for, wait_for_some};

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_lotse");

pub struct Process {
    pub base: String,
    settings: PathBuf,
    child: Option<Child>,
    under: Vec<String>,
}

impl Process {
    /// Writes the settings with a free port, imports municipalities and directory, and starts serving.
    pub async fn start(folder: &Path, settings: &str, directory: &str) -> Self {
        Self::start_under(folder, settings, directory, &[]).await
    }

    /// The same, run by another program such as `strace`.
    pub async fn start_under(folder: &Path, settings: &str, directory: &str, under: &[&str]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let file = folder.join(format!("{}.toml", address.port()));
        std::fs::write(&file, settings.replace("127.0.0.1:0", &address.to_string())).unwrap();
        let under = under.iter().map(ToString::to_string).collect();
        let mut process = Self { base: format!("http://{address}"), settings: file, child: None, under };
        if !directory.is_empty() {
            std::fs::write(folder.join("municipalities.csv"), super::app::MUNICIPALITIES).unwrap();
            std::fs::write(folder.join("directory.toml"), directory).unwrap();
            process.command(&["import", "municipalities", folder.join("municipalities.csv").to_str().unwrap()]);
            process.command(&["import", "directory", folder.join("directory.toml").to_str().unwrap()]);
        }
        process.start_again().await;
        process
    }

    /// Runs a command of the binary on the same settings; answers what it printed.
    pub fn command(&self, arguments: &[&str]) -> String {
        let output = Command::new(BINARY).arg("--config").arg(&self.settings).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A token of a role.
    pub fn token(&self, role: &str, more: &[&str]) -> String {
        let basic = ["token", "create", "--name", role, "--role", role];
        self.command(&[&basic[..], more].concat())
    }

    /// Starts it and waits until it is ready.
    pub async fn start_again(&mut self) {
        let mut words: Vec<&str> = self.under.iter().map(String::as_str).collect();
        words.push(BINARY);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg("--config").arg(&self.settings).arg("serve");
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap());
        self.wait_ready(Duration::from_secs(20)).await;
    }

    pub async fn wait_ready(&self, within: Duration) {
        let (http, url) = (super::app::client(), format!("{}/readyz", self.base));
        wait_for_some("readiness", within, || async {
            let answer = http.get(&url).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// As a power cut would.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Kills it at its `nth` call of one of these to the kernel from now on, in whichever of its threads that comes first;
    /// waits until it has ended.
    pub async fn kill_at(&mut self, calls: &str, nth: usize, within: Duration) {
        let mut child = self.child.take().unwrap();
        let id = child.id();
        let inject = format!("inject={calls}:signal=SIGKILL:when={nth}");
        let mut watcher = Command::new("strace")
            .args([
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                &format!("trace={calls}"),
                "-e",
                &inject,
                "-p",
                &id.to_string(),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("strace is there: tests/run installs it");
        wait_for(format!("its end at the {nth}. {calls}"), within, || child.try_wait().unwrap().is_some()).await;
        watcher.wait().unwrap();
    }

    /// As a supervisor does; answers whether it ended well, and fails when it takes longer than `within`.
    pub async fn terminate(&mut self, within: Duration) -> bool {
        let mut child = self.child.take().unwrap();
        signal(child.id(), "TERM");
        let mut ended = None;
        wait_for("an orderly end", within, || {
            ended = child.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        ended.is_some_and(|status| status.success())
    }
}

/// Sends a signal to one process that this test has started.
pub fn signal(id: u32, name: &str) {
    assert!(Command::new("kill").arg(format!("-{name}")).arg(id.to_string()).status().unwrap().success());
}

/// The same where the process may have ended already.
pub fn signal_if_there(id: &str, name: &str) {
    Command::new("kill").arg(format!("-{name}")).arg(id).stderr(Stdio::null()).status().ok();
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
