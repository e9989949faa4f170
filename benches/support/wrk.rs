//! `wrk` (Debian package `wrk`) as the caller: cheap enough to leave the processor to what is measured.

use std::path::Path;
use std::process::Command;

use super::Fault;

/// What a run of `wrk` says.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Answers a second.
    pub per_second: f64,
    /// Half were quicker, in milliseconds.
    pub p50: f64,
    /// 99 of 100 were quicker, in milliseconds.
    pub p99: f64,
    /// Answers that were not 2xx or 3xx, and broken connections.
    pub failed: u64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { per_second, p50, p99, failed } = self;
        write!(to, "{per_second:>9.0}/s  p50 {p50:>6.2} ms  p99 {p99:>6.2} ms")?;
        if *failed > 0 { write!(to, "  FAILED {failed}") } else { Ok(()) }
    }
}

/// Calls `url` over 64 connections that stay open; `script` is Lua.
pub fn run(folder: &Path, url: &str, seconds: u32, script: &str) -> Result<Figures, Fault> {
    run_over(64, folder, url, seconds, script)
}

/// The same over so many connections. Who calls several at once gives each a folder of its own.
pub fn run_over(connections: usize, folder: &Path, url: &str, seconds: u32, script: &str) -> Result<Figures, Fault> {
    let file = folder.join("wrk.lua");
    std::fs::write(&file, script)?;
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{connections}"), "--latency", "--timeout", "10s", &format!("-d{seconds}s"), "-s"])
        .arg(&file)
        .arg(url)
        .output()
        .map_err(|e| format!("wrk does not run ({e}); install the Debian package wrk"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let after = |label: &str| {
        text.lines().find_map(|line| line.trim().strip_prefix(label)).map(str::trim).ok_or_else(|| text.clone())
    };
    let failed = after("Non-2xx or 3xx responses:").ok().and_then(|n| n.parse().ok()).unwrap_or(0)
        + after("Socket errors:").map_or(0, |_| 1);
    Ok(Figures {
        per_second: after("Requests/sec:")?.parse()?,
        p50: milliseconds(after("50%")?)?,
        p99: milliseconds(after("99%")?)?,
        failed,
    })
}

fn milliseconds(text: &str) -> Result<f64, Fault> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)];
    let found = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)));
    let (number, factor) = found.ok_or_else(|| format!("odd time {text}"))?;
    Ok(number.parse::<f64>()? * factor)
}

/// Lua that hands in a request of about 1 KB, each another.
pub fn requests(token: &str, key: bool, reporter: bool) -> String {
    let reply = match reporter {
        true => r#"{"wish":"email","name":"Erika Mustermann","email":"erika.mustermann@example.org"}"#,
        false => r#"{"wish":"none"}"#,
    };
    let key = if key { r#"wrk.headers["Idempotency-Key"] = seed .. n"# } else { "" };
    format!(
        r#"
wrk.method = "POST"
wrk.headers["Authorization"] = "Bearer {token}"
wrk.headers["Content-Type"] = "application/json"
local seed, n = tostring(os.time()) .. "-" .. tostring({{}}) .. "-", 0
local text = string.rep("Nach dem Absenden erscheint nur eine leere Seite mit der Meldung Vorgang abgebrochen. ", 7)
function request()
    n = n + 1
    {key}
    return wrk.format(nil, nil, nil, '{{"service":"wohnsitzanmeldung","ars":"010020000000","channel":"115","category":"form_error",'
        .. '"subject":"Anmeldung bricht ab ' .. n .. '","description":"' .. text .. n .. '","reply":{reply},'
        .. '"external_reference":"115-' .. n .. '","context":{{"browser":"Firefox 140","zeitpunkt":"heute gegen 10 Uhr"}}}}')
end
"#
    )
}
