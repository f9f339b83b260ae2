//! Writes the server's code from the vendor's own definitions: they lie in the crate of its client, which Cargo finds.
//! Nothing of them is kept here, and no `protoc` is needed.

#![allow(clippy::disallowed_methods, reason = "Cargo tells a build by its environment")]

use std::path::PathBuf;
use std::process::Command;

/// The definitions of the calls that the stand-in answers.
const CALLS: [&str; 3] = ["streams.proto", "gossip.proto", "serverfeatures.proto"];

fn main() {
    let definitions = vendors_crate().join("protos");
    println!("cargo::rerun-if-changed={}", definitions.display());
    let compiled = protox::compile(CALLS, [&definitions]).expect("the vendor's definitions are sound");
    tonic_build::configure()
        .build_client(false)
        .compile_fds(compiled)
        .expect("code is written from the vendor's definitions");
}

/// Where the source of the vendor's client lies on this machine.
fn vendors_crate() -> PathBuf {
    let cargo = std::env::var("CARGO").expect("Cargo runs this");
    let target = std::env::var("TARGET").expect("Cargo says what it builds for");
    let output = Command::new(cargo)
        // Crates for other systems need not have been fetched.
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &target])
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it writes JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let client = packages.iter().find(|package| package["name"] == "kurrentdb").expect("the vendor's client");
    let manifest = PathBuf::from(client["manifest_path"].as_str().expect("the path of its manifest"));
    manifest.parent().expect("it lies in a folder").to_owned()
}
