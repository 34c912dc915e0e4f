//! Files of a package, read within bounds: what somebody handed over may be anything, of any size.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The longest manifest, in bytes.
pub const MANIFEST_BYTES: u64 = 256 * 1_024;
/// The longest file of golden rows, in bytes.
pub const GOLDEN_BYTES: u64 = 4 * 1_024 * 1_024;
/// The largest model, in bytes.
pub const MODEL_BYTES: u64 = 64 * 1_024 * 1_024;

/// The place of `name` in the folder: a plain name of a regular file that lies in it.
pub fn place(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let is_plain = !name.is_empty() && name.len() <= 255 && !name.starts_with('.');
    if !is_plain || name.contains(['/', '\\', '\0']) {
        return Err(format!(
            "the file name {name:?} must be a plain name, such as model.onnx, of a file in the folder"
        ));
    }
    let path = folder.join(name);
    let found = path.canonicalize().map_err(|error| format!("cannot read it: {error}"))?;
    let folder = folder.canonicalize().map_err(|error| format!("cannot read the folder: {error}"))?;
    if found.starts_with(&folder) {
        Ok(found)
    } else {
        Err("it is a link out of the package's folder: put the file itself there".to_owned())
    }
}

/// The bytes of a file of at most `limit` bytes. A larger one is not opened.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("cannot read it: {error}");
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let too_large = |bytes: u64| Err(format!("it has {bytes} bytes, at most {limit} are allowed"));
    if metadata.len() > limit {
        return too_large(metadata.len());
    }
    let mut bytes = Vec::new();
    // One more than allowed: a file that grows meanwhile is noticed and does not fill the memory.
    File::open(path).map_err(unreadable)?.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit { too_large(bytes.len() as u64) } else { Ok(bytes) }
}

/// The same as text.
pub fn read_text(path: &Path, limit: u64) -> Result<String, String> {
    String::from_utf8(read(path, limit)?).map_err(|_| "it is not text in UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let outside = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("model.onnx"), "x").unwrap();
        std::fs::write(folder.path().join("good.onnx"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path().join("model.onnx"), folder.path().join("out.onnx")).unwrap();
        std::os::unix::fs::symlink("good.onnx", folder.path().join("in.onnx")).unwrap();
        for name in ["", ".", "..", "../model.onnx", "/etc/passwd", "a\0b", "out.onnx", "missing.onnx"] {
            assert!(place(folder.path(), name).is_err(), "{name:?}");
        }
        assert_eq!(place(folder.path(), "in.onnx"), place(folder.path(), "good.onnx"));
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("huge");
        File::create(&path).unwrap().set_len(2 << 30).unwrap();
        let said = read(&path, MODEL_BYTES).unwrap_err();
        assert!(said.contains("2147483648 bytes, at most 67108864"), "{said}");
        assert!(read(folder.path(), MODEL_BYTES).is_err(), "a folder is no file");
        assert!(read(Path::new("/dev/zero"), MODEL_BYTES).is_err(), "nor is a device");
    }
}
