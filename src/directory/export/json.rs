//! The published help as one JSON document, written item by item.

use super::Published;
use crate::clock::Timestamp;
use crate::error::AppError;

/// The end of the document.
pub(super) const FOOT: &str = "\n]}\n";

/// Its beginning.
pub(super) fn head(now: Timestamp) -> Result<Vec<u8>, AppError> {
    Ok(format!("{{\"form\":\"lotse-help/1\",\"exported_at\":\"{now}\",\"items\":[").into_bytes())
}

/// Some items; the first of all has no comma before it.
pub(super) fn items(found: &[Published], is_first: bool) -> Result<Vec<u8>, AppError> {
    let mut out = Vec::new();
    for (index, entry) in found.iter().enumerate() {
        out.extend_from_slice(if is_first && index == 0 { b"\n" } else { b",\n" });
        serde_json::to_writer(&mut out, entry).map_err(AppError::internal)?;
    }
    Ok(out)
}
