//! The entry: hands the command line over to `cli.rs`.

fn main() -> std::process::ExitCode {
    lotse::cli::run()
}
