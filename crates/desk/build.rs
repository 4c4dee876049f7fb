//! Lists the files of the page, so that the library can embed them.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("page");
    println!("cargo::rerun-if-changed=page");
    let mut files = Vec::new();
    collect(&root, "", &mut files)?;
    files.sort_unstable();
    let entries: String = files
        .iter()
        .map(|file| format!("    ({file:?}, include_bytes!({:?})),\n", root.join(file)))
        .collect();
    let list = format!("const FILES: &[(&str, &[u8])] = &[\n{entries}];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("files.rs"), list)
}

/// The files that are served: neither tests nor what is written for who works on the page.
fn collect(directory: &Path, prefix: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            println!("cargo::rerun-if-changed=page/{path}");
            if path != "test" {
                collect(&entry.path(), &format!("{path}/"), files)?;
            }
        } else if !name.starts_with("README") && !(name.starts_with("package") && name.ends_with(".json")) {
            files.push(path);
        }
    }
    Ok(())
}
