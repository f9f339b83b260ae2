//! The whole HTTP surface of the command service.

use std::sync::Arc;

use actix_web::{FromRequest, Handler, HttpRequest, Resource, Responder, middleware::from_fn, web};

use crate::{
    CommandService,
    http::{self, Api},
    ports::{Gatekeeper, Projections, Snapshots, Transparency},
};

/// The routes, over a service, whoever tells who asks, the index that validators start from, the read models, and the
/// transparency log; and what is answered to paths that nothing else serves.
pub fn configure(
    service: CommandService,
    gatekeeper: Arc<dyn Gatekeeper>,
    snapshots: Arc<dyn Snapshots>,
    projections: Arc<dyn Projections>,
    transparency: Arc<dyn Transparency>,
) -> impl Fn(&mut web::ServiceConfig) + Clone {
    let api = web::Data::new(Api { service, gatekeeper, snapshots, projections, transparency });
    move |config: &mut web::ServiceConfig| {
        let key = "/partners/{partnerId}/keys/{keyId}";
        let v1 = web::scope("/v1")
            .service(
                only(web::resource("/partners/{partnerId}/keys"), "GET, HEAD, POST")
                    .route(web::get().to(http::list_keys))
                    .route(web::head().to(http::list_keys))
                    .route(web::post().to(http::create_key)),
            )
            .service(
                only(web::resource(key), "GET, HEAD, PATCH")
                    .route(web::get().to(http::show_key))
                    .route(web::head().to(http::show_key))
                    .route(web::patch().to(http::edit_key)),
            )
            .service(post(&format!("{key}/regenerate")).route(web::post().to(http::regenerate_key)))
            .service(post(&format!("{key}/end-overlap")).route(web::post().to(http::end_overlap)))
            .service(post(&format!("{key}/revoke")).route(web::post().to(http::revoke_key)))
            .service(
                only(web::resource(format!("{key}/history")), "GET, HEAD")
                    .route(web::get().to(http::key_history))
                    .route(web::head().to(http::key_history)),
            )
            .service(post("/revocations").route(web::post().to(http::revoke)))
            .service(only(web::resource("/events"), "GET").route(web::get().to(http::read_events)))
            .service(
                only(web::resource("/log"), "GET, HEAD")
                    .route(web::get().to(http::show_log))
                    .route(web::head().to(http::show_log)),
            )
            .service(
                only(web::resource("/validators"), "GET, HEAD")
                    .route(web::get().to(http::list_validators))
                    .route(web::head().to(http::list_validators)),
            )
            .service(
                only(web::resource("/projections"), "GET, HEAD")
                    .route(web::get().to(http::show_projections))
                    .route(web::head().to(http::show_projections)),
            )
            .service(
                only(web::resource("/projections/{name}"), "GET").route(web::get().to(http::read_projection)),
            )
            .service(post("/validators/reports").route(web::post().to(http::report_validator)))
            .service(post("/validators/snapshot").route(web::post().to(http::snapshot_for_validator)))
            .service(
                only(web::resource("/scopes"), "GET, HEAD, PUT")
                    .route(web::get().to(http::show_catalogue))
                    .route(web::head().to(http::show_catalogue))
                    .route(web::put().to(http::change_catalogue)),
            )
            .service(public("/transparency/checkpoint", http::show_checkpoint))
            .service(public("/transparency/verifier-key", http::show_verifier_key))
            .service(
                only(web::resource("/transparency/tile/entries/{tile:.*}"), "GET, HEAD")
                    .route(web::get().to(http::show_entries))
                    .route(web::head().to(http::show_entries)),
            )
            .service(public("/transparency/tile/{level}/{tile:.*}", http::show_hash_tile))
            .default_service(web::to(http::not_found))
            .wrap(from_fn(http::finish));
        let openapi = web::resource("/openapi.json")
            .route(web::get().to(http::show_openapi))
            .route(web::head().to(http::show_openapi))
            .default_service(web::to(http::only_described))
            .wrap(from_fn(http::finish));
        let elsewhere = web::to(http::nothing_here).wrap(from_fn(http::finish));
        config.app_data(api.clone()).service(v1).service(openapi).default_service(elsewhere);
    }
}

/// A resource that answers any other method with 405 and what is allowed, once it is known who asks.
fn only(resource: Resource, allow: &'static str) -> Resource {
    resource.default_service(web::to(move |request: HttpRequest| http::wrong_method(request, allow)))
}

/// A resource that needs no key.
fn public<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args> + Clone,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path.to_owned())
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
        .default_service(web::to(http::only_shown))
}

fn post(path: &str) -> Resource {
    only(web::resource(path.to_owned()), "POST")
}
