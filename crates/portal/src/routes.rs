//! Every page and its path. They stand beside the management API on one listener.

use actix_web::{HttpResponse, middleware::from_fn, web};

use crate::{
    Portal,
    openid::OpenIdProvider,
    pages::{
        change_password, create_key, developer, edit_scopes, emergency, end_overlap, history, home, openid,
        partners, regenerate_key, rename_key, revoke_key, set_up, sign_in, sign_out, team,
    },
    web::{answer::Turned, assets, finish::finish},
};

/// Any other path under a partner, for who is signed in and who is not.
async fn nothing_here() -> Result<HttpResponse, Turned> {
    Err(Turned::NotFound)
}

/// What is behind a path and cannot be read is told as everything else is.
fn readable() -> web::QueryConfig {
    web::QueryConfig::default().error_handler(|_, _| Turned::Malformed.into())
}

/// The pages of a portal.
pub fn configure(portal: Portal) -> impl Fn(&mut web::ServiceConfig) + Clone {
    let portal = web::Data::new(portal);
    move |config: &mut web::ServiceConfig| {
        let of_partner = web::scope("/partners/{partnerId}")
            .route("/developer", web::get().to(developer::show))
            .route("/developer/rows", web::get().to(developer::rows))
            .route("/team", web::get().to(team::show))
            .route("/team", web::post().to(team::change))
            .route("/keys", web::post().to(create_key::create))
            .route("/keys/new", web::get().to(create_key::ask))
            .route("/keys/{keyId}/regenerate", web::get().to(regenerate_key::ask))
            .route("/keys/{keyId}/regenerate", web::post().to(regenerate_key::regenerate))
            .route("/keys/{keyId}/end-overlap", web::get().to(end_overlap::ask))
            .route("/keys/{keyId}/end-overlap", web::post().to(end_overlap::end))
            .route("/keys/{keyId}/scopes", web::get().to(edit_scopes::ask))
            .route("/keys/{keyId}/scopes", web::post().to(edit_scopes::edit))
            .route("/keys/{keyId}/rename", web::get().to(rename_key::ask))
            .route("/keys/{keyId}/rename", web::post().to(rename_key::rename))
            .route("/keys/{keyId}/revoke", web::get().to(revoke_key::ask))
            .route("/keys/{keyId}/revoke", web::post().to(revoke_key::revoke))
            .route("/keys/{keyId}/history", web::get().to(history::show))
            .app_data(readable())
            .default_service(web::to(nothing_here))
            .wrap(from_fn(finish));
        let page = |path: &str| web::resource(path.to_owned()).app_data(readable()).wrap(from_fn(finish));
        config
            .app_data(portal.clone())
            .route("/assets/{digest}/{name}", web::get().to(assets::show))
            .service(page("/").route(web::get().to(home::home)))
            .service(
                page("/sign-in").route(web::get().to(sign_in::show)).route(web::post().to(sign_in::sign_in)),
            )
            .service(page(OpenIdProvider::START).route(web::get().to(openid::begin)))
            .service(page(OpenIdProvider::CALLBACK).route(web::get().to(openid::come_back)))
            .service(page("/sign-out").route(web::post().to(sign_out::sign_out)))
            .service(page("/setup").route(web::get().to(set_up::show)).route(web::post().to(set_up::set_up)))
            .service(
                page(change_password::PATH)
                    .route(web::get().to(change_password::ask))
                    .route(web::post().to(change_password::change)),
            )
            .service(page("/partners").route(web::get().to(partners::show)))
            .service(
                page("/emergency")
                    .route(web::get().to(emergency::ask))
                    .route(web::post().to(emergency::revoke)),
            )
            .service(of_partner);
    }
}
