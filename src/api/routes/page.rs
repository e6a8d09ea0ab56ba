//! `GET /`: the page for people, with its files.

use sha2::{Digest, Sha256};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, HeaderValue, StatusCode, header};
use warp::reply::{Reply, Response};

/// Nothing from elsewhere, and nowhere else to. Charts set styles of their own.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// A file of the page.
struct File {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
}

impl File {
    /// What names its content.
    fn tag(&self) -> Option<HeaderValue> {
        let digest = tidegauge_model::B256::from(<[u8; 32]>::from(Sha256::digest(self.content)));
        HeaderValue::from_str(&format!("\"{digest:x}\"")).ok()
    }
}

macro_rules! files {
    ($($name:literal, $kind:literal, $path:literal;)*) => {
        &[$(File { name: $name, kind: $kind, content: include_str!(concat!("../page/", $path)) }),*]
    };
}

const FILES: &[File] = files! {
    "", "text/html; charset=utf-8", "index.html";
    "style.css", "text/css; charset=utf-8", "style.css";
    "theme.js", "text/javascript; charset=utf-8", "theme.js";
    "app.js", "text/javascript; charset=utf-8", "app.js";
    "ask.js", "text/javascript; charset=utf-8", "ask.js";
    "text.js", "text/javascript; charset=utf-8", "text.js";
    "chart.js", "text/javascript; charset=utf-8", "chart.js";
    "overview.js", "text/javascript; charset=utf-8", "overview.js";
    "pool.js", "text/javascript; charset=utf-8", "pool.js";
    "search.js", "text/javascript; charset=utf-8", "search.js";
    "uplot.js", "text/javascript; charset=utf-8", "uplot/uplot.js";
    "uplot.css", "text/css; charset=utf-8", "uplot/uplot.css";
    "uplot-licence.txt", "text/plain; charset=utf-8", "uplot/LICENSE";
};

/// The page.
pub(super) fn page() -> BoxedFilter<(Response,)> {
    let root = warp::path::end().map(String::new);
    let file = warp::path!("page" / String);
    // The name of the first is taken for "/" alone.
    let named = file.and_then(|name: String| async move {
        if name.is_empty() {
            Err(warp::reject::not_found())
        } else {
            Ok(name)
        }
    });
    root.or(named)
        .unify()
        .and(warp::header::headers_cloned())
        .and_then(|name: String, headers: HeaderMap| async move {
            let file = FILES.iter().find(|file| file.name == name);
            file.map(|file| serve(file, &headers))
                .ok_or_else(warp::reject::not_found)
        })
        .boxed()
}

fn serve(file: &File, headers: &HeaderMap) -> Response {
    let tag = file.tag();
    let known = tag.is_some() && headers.get(header::IF_NONE_MATCH) == tag.as_ref();
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        file.content.into_response()
    };
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    answer.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Some(tag) = tag {
        answer.insert(header::ETAG, tag);
    }
    response
}
