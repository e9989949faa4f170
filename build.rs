//! Packs the assets of the pages into the binary, each plain, with gzip and with brotli.
//!
//! Writes `assets.rs` into the build's folder: one hash over all of them, and a table of path, type and contents
//! that `src/http/assets.rs` serves. The licences lie beside them and are served too.

use std::error::Error;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("src/http/assets");
    println!("cargo::rerun-if-changed={}", folder.display());
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    files.sort();
    let (mut table, mut hasher) = (String::new(), DefaultHasher::new());
    for (number, file) in files.iter().enumerate() {
        let plain = fs::read(file)?;
        let path = file.strip_prefix(&folder)?.to_str().ok_or("an asset's name is not UTF-8")?;
        hasher.write(path.as_bytes());
        hasher.write(&plain);
        let (gzip, brotli) = match kind(path) {
            // Fonts are compressed in themselves.
            "font/woff2" => ("None".to_owned(), "None".to_owned()),
            _ => (keep(&out, number, "gz", &gzip(&plain)?)?, keep(&out, number, "br", &brotli(&plain)?)?),
        };
        let kind = kind(path);
        writeln!(
            table,
            "Asset {{ path: {path:?}, kind: {kind:?}, plain: include_bytes!({file:?}), gzip: {gzip}, brotli: {brotli} }},"
        )?;
    }
    let hash = hasher.finish();
    let code = format!("macro_rules! hash {{ () => {{ \"{hash:016x}\" }} }}\nstatic ASSETS: &[Asset] = &[{table}];");
    fs::write(out.join("assets.rs"), code)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("woff2") => "font/woff2",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

fn keep(out: &Path, number: usize, ending: &str, bytes: &[u8]) -> Result<String, Box<dyn Error>> {
    let file = out.join(format!("asset-{number}.{ending}"));
    fs::write(&file, bytes)?;
    Ok(format!("Some(include_bytes!({file:?}))"))
}

fn gzip(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(plain)?;
    packed.finish()
}

fn brotli(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    let settings = brotli::enc::BrotliEncoderParams { quality: 9, ..Default::default() };
    brotli::BrotliCompress(&mut &plain[..], &mut packed, &settings)?;
    Ok(packed)
}
