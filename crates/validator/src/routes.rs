use std::sync::Arc;

use actix_web::web;

use crate::http::{Validator, answers, authorize, health, verify};

/// The whole authentication API.
pub fn configure(validator: Arc<Validator>) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static {
    move |api| {
        let only = |methods| move || async move { answers::method_not_allowed(methods) };
        let health = web::resource("/v1/health")
            .route(web::get().to(health::health))
            .route(web::head().to(health::health))
            .default_service(web::to(only("GET, HEAD")));
        let authorize = web::resource("/v1/authorize").to(authorize::authorize);
        let verify = web::resource("/v1/verify")
            .route(web::post().to(verify::verify))
            .default_service(web::to(only("POST")));
        let offers_verify = validator.offers_verify();
        api.app_data(web::Data::from(validator.clone())).service(health).service(authorize);
        if offers_verify {
            api.service(verify);
        }
        api.default_service(web::to(|| async { answers::not_found() }));
    }
}
