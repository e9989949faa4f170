//! The folder that mail goes into in development and the demo: one file a mail.
//!
//! Invariant: a file is there whole or not at all, and stays after a crash once its delivery says `sent`. Not
//! here: what a mail looks like (`email.rs`) and who shows the folder.

use std::path::{Path, PathBuf};

/// Writes a file whole or not at all: under another name first, both file and folder synced.
pub(super) async fn write_file(directory: PathBuf, path: PathBuf, bytes: Vec<u8>) -> std::io::Result<()> {
    let write = move || write_durably(&directory, &path, &bytes);
    tokio::task::spawn_blocking(write).await.map_err(std::io::Error::other)?
}

fn write_durably(directory: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    std::fs::create_dir_all(directory)?;
    let unfinished = path.with_extension(format!("{}.part", rand::random::<u32>()));
    let mut file = std::fs::File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    std::fs::File::open(directory)?.sync_all()
}
