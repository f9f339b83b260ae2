//! The service around the application: where a head ends, and where a request is refused.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_http::{ConnectionType, HttpMessage, Payload, Request, Response};
use actix_service::{Service, ServiceFactory};
use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use futures_util::future::LocalBoxFuture;
use pin_project_lite::pin_project;

use crate::answer::{Answer, Turn};
use crate::body::TimedBody;
use crate::connection::Connection;
use crate::refusal::Refusal;
use crate::settings::Limits;

/// Makes the guard of each worker.
pub(crate) struct GuardFactory<F>(pub(crate) F);

impl<F> ServiceFactory<Request> for GuardFactory<F>
where
    F: ServiceFactory<Request, Config = (), Error = actix_web::Error>,
    F::Response: Into<Response<BoxBody>>,
    F::Future: 'static,
{
    type Response = Response<Answer>;
    type Error = Infallible;
    type Config = ();
    type Service = Guard<F::Service>;
    type InitError = F::InitError;
    type Future = LocalBoxFuture<'static, Result<Self::Service, Self::InitError>>;

    fn new_service(&self, (): ()) -> Self::Future {
        let application = self.0.new_service(());
        Box::pin(async { application.await.map(Guard) })
    }
}

/// Lets the application answer what is within the limits.
pub(crate) struct Guard<S>(S);

impl<S> Service<Request> for Guard<S>
where
    S: Service<Request, Error = actix_web::Error>,
    S::Response: Into<Response<BoxBody>>,
{
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Answering<S::Future>;

    fn poll_ready(&self, task: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // An application that is not ready answers requests with its own error; it has no other way to say so.
        self.0.poll_ready(task).map(|_| Ok(()))
    }

    fn call(&self, mut request: Request) -> Self::Future {
        let connection = request.conn_data::<Rc<Connection>>().expect("set when the connection was opened");
        let mut turn = Turn::begin(Rc::clone(connection));
        if !matches!(request.payload(), Payload::None) {
            let body = TimedBody::new(request.take_payload(), Rc::clone(turn.connection()));
            *request.payload() = Payload::Stream { payload: Box::pin(body) };
        }
        if turn.connection().may_have_fragment() {
            return Answering::refused(turn, Refusal::Malformed);
        }
        if is_head_too_large(&request, turn.connection()) {
            return Answering::refused(turn, Refusal::HeadTooLarge);
        }
        if !turn.enter() {
            return Answering::refused(turn, Refusal::Overloaded);
        }
        Answering { state: State::Called { application: self.0.call(request) }, turn: Some(turn) }
    }
}

fn is_head_too_large(request: &Request, connection: &Connection) -> bool {
    let Limits { headers, head_bytes, .. } = connection.worker.limits;
    request.headers().len() > headers
        || connection.longest_head() > head_bytes && head_len(request) > head_bytes
}

/// Bytes of the head as most clients write it: one space behind each colon.
fn head_len(request: &Request) -> usize {
    const AROUND_TARGET: usize = "  HTTP/1.1\r\n\r\n".len();
    const AROUND_VALUE: usize = ": \r\n".len();
    let fields =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + AROUND_VALUE);
    request.method().as_str().len() + request.uri().to_string().len() + AROUND_TARGET + fields.sum::<usize>()
}

pin_project! {
    /// The answer of the application, or of the guard in its place.
    pub(crate) struct Answering<F> {
        #[pin]
        state: State<F>,
        // Handed on with the answer.
        turn: Option<Turn>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Refused { refusal: Refusal },
        Called { #[pin] application: F },
    }
}

impl<F> Answering<F> {
    fn refused(turn: Turn, refusal: Refusal) -> Self {
        Self { state: State::Refused { refusal }, turn: Some(turn) }
    }
}

impl<F, R> Future for Answering<F>
where
    F: Future<Output = Result<R, actix_web::Error>>,
    R: Into<Response<BoxBody>>,
{
    type Output = Result<Response<Answer>, Infallible>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answered = match this.state.project() {
            StateProjection::Refused { refusal } => Err(*refusal),
            StateProjection::Called { application } => Ok(ready!(application.poll(task))),
        };
        let mut turn = this.turn.take().expect("a future is not polled once it is ready");
        turn.leave();
        let connection = turn.connection();
        let mut response: Response<BoxBody> = match answered {
            Err(refusal) => connection.worker.refuse(refusal).into(),
            Ok(_) if connection.is_body_late() => connection.worker.refuse(Refusal::BodyTooSlow).into(),
            Ok(Ok(response)) => response.into(),
            Ok(Err(error)) => HttpResponse::from_error(error).into(),
        };
        if connection.is_last_answer() {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        Poll::Ready(Ok(response.map_body(|_, body| Answer { body, _turn: turn })))
    }
}
