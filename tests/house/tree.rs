//! The repository's files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use toml::Table;

/// Where the repository begins.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of `path`, which is relative to the repository.
pub(crate) fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below `directory` with one of `extensions`, relative to the repository, in the order of their names. What is
/// built, fetched or generated is left out.
pub(crate) fn files(directory: &str, extensions: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    collect(&root().join(directory), extensions, &mut found);
    found.sort_unstable();
    found
}

fn collect(directory: &Path, extensions: &[&str], found: &mut Vec<String>) {
    const SKIPPED: [&str; 3] = [".git", "vendor", "corpus"];
    const BUILT: [&str; 2] = ["target", "fuzz/target"];
    for entry in fs::read_dir(directory).into_iter().flatten().map_while(Result::ok) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            let is_built = BUILT.iter().any(|built| path == root().join(built));
            if !is_built && !SKIPPED.contains(&name.as_str()) {
                collect(&path, extensions, found);
            }
        } else if path.extension().is_some_and(|own| extensions.iter().any(|extension| own == *extension)) {
            let path = path.strip_prefix(root()).unwrap_or(&path);
            found.push(path.to_string_lossy().into_owned());
        }
    }
}

/// A crate of this workspace.
pub(crate) struct Crate {
    /// Without `ringwire-`; the program itself is `ringwire`.
    pub(crate) name: String,
    /// Where its `Cargo.toml` is, relative to the repository; empty for the program.
    pub(crate) directory: PathBuf,
    /// Its `Cargo.toml`.
    pub(crate) manifest: Table,
}

impl Crate {
    /// The names in a table of dependencies, such as `dev-dependencies`.
    pub(crate) fn dependencies(&self, table: &str) -> Vec<String> {
        let table = self.manifest.get(table).and_then(|table| table.as_table());
        table.into_iter().flat_map(|table| table.keys().cloned()).collect()
    }

    /// The crates of this workspace that it is built with, in the order of their names.
    pub(crate) fn knows(&self) -> Vec<String> {
        let all = self.dependencies("dependencies");
        let mut own: Vec<_> =
            all.iter().filter_map(|name| name.strip_prefix("ringwire-")).map(str::to_owned).collect();
        own.sort_unstable();
        own
    }

    /// Its files of Rust, tests included.
    pub(crate) fn sources(&self) -> Vec<String> {
        let directory =
            if self.name == "ringwire" { "src".to_owned() } else { self.directory.display().to_string() };
        files(&directory, &["rs"])
    }
}

/// All crates, the program first, then in the order of their names.
pub(crate) fn crates() -> Vec<Crate> {
    let mut directories: Vec<_> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("Cargo.toml").is_file())
        .collect();
    directories.sort_unstable();
    directories.insert(0, root().to_owned());
    directories
        .into_iter()
        .map(|directory| {
            let directory = directory.strip_prefix(root()).unwrap().to_owned();
            let manifest: Table = text(directory.join("Cargo.toml")).parse().unwrap();
            let name = manifest["package"]["name"].as_str().unwrap();
            let name = name.strip_prefix("ringwire-").unwrap_or(name).to_owned();
            Crate { name, directory, manifest }
        })
        .collect()
}
