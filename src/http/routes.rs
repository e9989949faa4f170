//! Every URL, and nothing else.

use actix_web::web::{ServiceConfig, get, post, scope};

use super::api::{escalations, tickets};

/// Hangs every handler at its place.
pub fn configure(app: &mut ServiceConfig) {
    app.service(
        scope("/api/v1")
            .route("/tickets", post().to(tickets::submit))
            .route("/tickets", get().to(tickets::list))
            .route("/tickets/{ticket}", get().to(tickets::show))
            .route("/tickets/{ticket}/history", get().to(tickets::history))
            .route("/tickets/{ticket}/reporter", post().to(tickets::reporter))
            .route("/tickets/{ticket}/claim", post().to(tickets::claim))
            .route("/tickets/{ticket}/release", post().to(tickets::release))
            .route("/tickets/{ticket}/notes", post().to(tickets::note))
            .route("/tickets/{ticket}/wait", post().to(tickets::wait))
            .route("/tickets/{ticket}/resume", post().to(tickets::resume))
            .route("/tickets/{ticket}/interim", post().to(tickets::interim))
            .route("/tickets/{ticket}/priority", post().to(tickets::priority))
            .route("/tickets/{ticket}/category", post().to(tickets::category))
            .route("/tickets/{ticket}/answer", post().to(tickets::answer))
            .route("/tickets/{ticket}/reject", post().to(tickets::reject))
            .route("/tickets/{ticket}/close", post().to(tickets::close))
            .route("/tickets/{ticket}/reopen", post().to(tickets::reopen))
            .route("/tickets/{ticket}/merge", post().to(tickets::merge))
            .route("/tickets/{ticket}/escalations", post().to(escalations::escalate))
            .route("/tickets/{ticket}/escalations", get().to(escalations::of_ticket))
            .route("/tickets/{ticket}/escalations/preview", post().to(escalations::preview))
            .route("/escalations", get().to(escalations::mine))
            .route("/escalations/{escalation}", get().to(escalations::show))
            .route("/escalations/{escalation}/deliveries", get().to(escalations::deliveries))
            .route("/escalations/{escalation}/acknowledge", post().to(escalations::acknowledge))
            .route("/escalations/{escalation}/answer", post().to(escalations::answer))
            .route("/escalations/{escalation}/return", post().to(escalations::give_back))
            .route("/escalations/{escalation}/ask", post().to(escalations::ask))
            .route("/escalations/{escalation}/next", post().to(escalations::next))
            .route("/escalations/{escalation}/withdraw", post().to(escalations::withdraw))
            .route("/deliveries/exhausted", get().to(escalations::exhausted))
            .route("/deliveries/{delivery}/replay", post().to(escalations::replay)),
    );
}
