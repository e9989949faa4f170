//! stub
use std::process::ExitCode;
pub const LISTEN: &str = "127.0.0.1:8115";
pub async fn run(_: super::Demo) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
