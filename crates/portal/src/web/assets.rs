use actix_web::{HttpResponse, http::header, web};

/// A file that pages load, compiled in: nothing has to be built or found to run, and nothing comes from another host.
struct Asset {
    /// Its name, but for its digest.
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const ASSETS: [Asset; 4] = [
    Asset {
        name: "style.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../../assets/style.css"),
    },
    Asset {
        name: "portal.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/portal.js"),
    },
    Asset {
        // As it was released, with its licence beside it: https://htmx.org.
        name: "htmx.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/vendor/htmx-2.0.11.min.js"),
    },
    Asset { name: "icon.svg", kind: "image/svg+xml", bytes: include_bytes!("../../assets/icon.svg") },
];

impl Asset {
    /// What stands in its path, so that a page of another build never gets this build's file.
    fn digest(&self) -> String {
        hex::encode(&blake3::hash(self.bytes).as_bytes()[..8])
    }
}

/// The path of an asset of this build.
///
/// # Panics
/// Where there is none of that name.
pub(crate) fn path(name: &str) -> String {
    let asset = ASSETS.iter().find(|asset| asset.name == name).expect("pages name assets that there are");
    format!("/assets/{}/{name}", asset.digest())
}

/// Answers with an asset; browsers keep it for ever, since another one has another path.
pub(crate) async fn show(path: web::Path<(String, String)>) -> HttpResponse {
    let (digest, name) = path.into_inner();
    match ASSETS.iter().find(|asset| asset.name == name && asset.digest() == digest) {
        Some(asset) => HttpResponse::Ok()
            .content_type(asset.kind)
            .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header(("cross-origin-resource-policy", "same-origin"))
            .body(asset.bytes),
        None => HttpResponse::NotFound().finish(),
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn htmx_is_the_file_that_was_released() {
        let htmx = ASSETS.iter().find(|asset| asset.name == "htmx.js").expect("it is there");
        assert_eq!(
            hex::encode(Sha256::digest(htmx.bytes)),
            "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
        );
    }
}
