//! The limits that no code of ours can pass: syncs of the disk, and the framework saying hello.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use actix_web::{App, HttpServer, web};

use super::{Fault, wrk};

/// How often a second a page of 8 KiB reaches the disk for sure (`fdatasync`), in a file that has its length.
pub fn syncs(folder: &Path) -> Result<f64, Fault> {
    let mut file = std::fs::File::create(folder.join("syncs"))?;
    let page = [7u8; 8192];
    (0..512).try_for_each(|_| file.write_all(&page))?;
    file.sync_all()?;
    let (began, mut count) = (Instant::now(), 0u32);
    while began.elapsed() < Duration::from_secs(2) {
        file.seek(SeekFrom::Start(u64::from(count % 512) * 8192))?;
        file.write_all(&page)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

/// The framework alone with as many workers as Lotse takes, answering a few bytes.
pub fn hello(folder: &Path, seconds: u32) -> Result<wrk::Figures, Fault> {
    let workers = std::thread::available_parallelism()?.get();
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let (hand, take) = std::sync::mpsc::channel();
    let serving = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let app = || App::new().route("/", web::get().to(|| async { "hello" }));
            let server = HttpServer::new(app).workers(workers).disable_signals().listen(listener)?.run();
            hand.send(server.handle()).ok();
            server.await
        })
    });
    let handle = take.recv()?;
    let figures = wrk::run(folder, &url, seconds, "");
    futures_util::future::FutureExt::now_or_never(handle.stop(false));
    serving.join().map_err(|_| "the hello server broke down")??;
    figures
}
