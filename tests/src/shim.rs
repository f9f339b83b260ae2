use std::fs;
use std::path::Path;
use std::process::Command;

use crate::needed::needed;
use crate::random_bytes;
use crate::target::target;

/// A library that is preloaded into a process (`LD_PRELOAD`) and stands between it and the system, compiled from a small C
/// file. It is kept beside what Cargo builds, by its content.
///
/// # Panics
/// Where there is no C compiler, or it refuses.
#[must_use]
#[track_caller]
pub fn shim(source: &Path) -> String {
    let text = fs::read(source).expect("the source of a shim");
    let folder = target().join("tmp").join("shims");
    let library = folder.join(format!("{}.so", &blake3::hash(&text).to_hex()[..16]));
    if !library.exists() {
        let compiler = needed("cc", "install a C compiler (gcc or clang)");
        fs::create_dir_all(&folder).expect("a folder for shims");
        // Tests run side by side, and none may load half a library.
        let unfinished = folder.join(format!("{}.unfinished", hex::encode(random_bytes::<8>())));
        let mut command = Command::new(compiler);
        command.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]);
        let compiled = command.arg(&unfinished).arg(source).args(["-ldl", "-lpthread"]).status();
        assert!(compiled.expect("a compiler").success(), "{} does not compile", source.display());
        fs::rename(unfinished, &library).expect("the library goes to its place");
    }
    library.to_str().expect("a path that is text").to_owned()
}
