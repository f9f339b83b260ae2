use std::fs;
use std::path::Path;

/// Copies a directory with everything in it, and the permissions of each.
///
/// # Panics
/// Where the file system refuses, or there is one of that name already.
pub fn copy_all(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a directory");
    fs::set_permissions(to, fs::metadata(from).expect("there").permissions()).expect("permissions");
    for entry in fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_all(&path, &target)
        } else {
            fs::copy(&path, &target).map(drop).expect("a copy")
        }
    }
}
