//! The mails as they lie in the folder.
//!
//! Not here: webhooks (`receiver.rs`).

use std::path::Path;

use mail_parser::MessageParser;

/// A mail as it lies in the folder.
pub struct Mail {
    /// The address it is to.
    pub to: String,
    /// Its subject, decoded.
    pub subject: String,
    /// Its head as it was written.
    pub head: String,
    /// Its text part, decoded.
    pub text: String,
}

impl Mail {
    /// True where the head holds this line.
    pub fn has_header(&self, line: &str) -> bool {
        self.head.lines().any(|known| known.eq_ignore_ascii_case(line))
    }

    /// The path behind the label of a link in the text, such as `Antworten: http://…/x`.
    pub fn link(&self, label: &str, base: &str) -> Option<String> {
        let url = self.text.lines().find_map(|line| line.strip_prefix(label)?.strip_prefix(": "))?;
        url.trim().strip_prefix(base).map(str::to_owned)
    }
}

/// All mails in the folder, earliest first. A folder that is not there yet holds none.
pub fn mails(folder: &Path) -> Result<Vec<Mail>, String> {
    let unreadable = |e: std::io::Error| format!("the mail folder cannot be read: {e}");
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            files.push(path);
        }
    }
    files.sort();
    files.iter().map(|file| read(&std::fs::read(file).map_err(unreadable)?)).collect()
}

fn read(bytes: &[u8]) -> Result<Mail, String> {
    let parsed = MessageParser::default().parse(bytes).ok_or("a mail in the folder cannot be understood")?;
    let to = parsed.to().and_then(|to| to.first()).and_then(|to| to.address()).unwrap_or_default().to_owned();
    let raw = String::from_utf8_lossy(bytes);
    let head = raw.split("\r\n\r\n").next().unwrap_or_default().to_owned();
    let subject = parsed.subject().unwrap_or_default().to_owned();
    let text = parsed.body_text(0).unwrap_or_default().into_owned();
    Ok(Mail { to, subject, head, text })
}
