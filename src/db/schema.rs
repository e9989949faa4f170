//! The tables, once for both databases; made to match `migrations/` and checked against both by the tests.
#![allow(missing_docs)]

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    changes (topic) {
        topic -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    sealing_keys (id) {
        id -> DbUuid,
        wrapped -> Binary,
        master -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    instances (id) {
        id -> DbUuid,
        name -> Text,
        version -> Text,
        started_at -> Timestamp,
        seen_at -> Timestamp,
        standing -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    master_keys (id) {
        id -> Text,
        first_seen_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    endpoints (id) {
        id -> DbUuid,
        channel -> Text,
        address -> Text,
        secret -> Nullable<Binary>,
        previous_secret -> Nullable<Binary>,
        previous_until -> Nullable<Timestamp>,
        state -> Text,
        failing_since -> Nullable<Timestamp>,
        bounced_at -> Nullable<Timestamp>,
        disabled_at -> Nullable<Timestamp>,
        disabled_because -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        adapter -> Nullable<Text>,
        adapter_secrets -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    outbox (id) {
        id -> DbUuid,
        about -> DbUuid,
        purpose -> Text,
        channel -> Text,
        endpoint_id -> Nullable<DbUuid>,
        recipient -> Text,
        content -> Binary,
        sealed_under -> Nullable<DbUuid>,
        dedupe -> Text,
        status -> Text,
        attempts -> Integer,
        next_attempt_at -> Nullable<Timestamp>,
        lease -> Nullable<DbUuid>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    delivery_attempts (id) {
        id -> DbUuid,
        delivery_id -> DbUuid,
        at -> Timestamp,
        outcome -> Text,
        detail -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    delivery_events (id) {
        id -> DbUuid,
        kind -> Text,
        delivery_id -> Nullable<DbUuid>,
        about -> Nullable<DbUuid>,
        endpoint_id -> Nullable<DbUuid>,
        detail -> Text,
        at -> Timestamp,
        handled_at -> Nullable<Timestamp>,
        answer -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    tokens (id) {
        id -> DbUuid,
        name -> Text,
        role -> Text,
        regions -> Text,
        contact -> Nullable<Text>,
        hash -> Binary,
        created_at -> Timestamp,
        expires_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
        last_used_at -> Nullable<Timestamp>,
        owner -> Nullable<DbUuid>,
        services -> Text,
        channel -> Nullable<Text>,
        addresses -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    idempotency (token_id, route, key) {
        token_id -> DbUuid,
        route -> Text,
        key -> Text,
        body_hash -> Binary,
        status -> Integer,
        location -> Nullable<Text>,
        body -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    lands (code) {
        code -> Text,
        version -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    land_agreements (operating_land, using_land) {
        operating_land -> Text,
        using_land -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    postal_codes (code, ars) {
        code -> Text,
        ars -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    municipalities (ars) {
        ars -> Text,
        ags -> Text,
        name -> Text,
        folded -> Text,
        land -> Text,
        district -> Text,
        association -> Text,
        kind -> Text,
        postal_code -> Nullable<Text>,
        in_115 -> Bool,
        version -> Integer,
        changed_at -> Nullable<Timestamp>,
        ended_on -> Nullable<Date>,
    }
}
diesel::allow_tables_to_appear_in_same_query!(municipalities, postal_codes);

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    municipality_successors (old_ars) {
        old_ars -> Text,
        new_ars -> Text,
        valid_on -> Date,
        noted_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    transfers (id) {
        id -> DbUuid,
        adoption_id -> DbUuid,
        day -> Date,
        noted_at -> Timestamp,
        actor -> Text,
        target -> Nullable<Text>,
        note -> Nullable<Text>,
        digest -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    services (slug) {
        slug -> Text,
        name -> Text,
        folded -> Text,
        leistung -> Nullable<Text>,
        operating_land -> Text,
        operator -> Text,
        assessment -> Text,
        notice -> Nullable<Text>,
        version -> Integer,
        updated_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    contacts (slug) {
        slug -> Text,
        name -> Text,
        folded -> Text,
        owner -> Nullable<Text>,
        email_endpoint -> Nullable<DbUuid>,
        webhook_endpoint -> Nullable<DbUuid>,
        phone -> Nullable<Text>,
        deputy -> Nullable<Text>,
        confirmed_on -> Nullable<Date>,
        absent_from -> Nullable<Date>,
        absent_until -> Nullable<Date>,
        discloses_reporter -> Bool,
        valid_from -> Nullable<Date>,
        valid_to -> Nullable<Date>,
        version -> Integer,
        updated_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        hours -> Nullable<Text>,
        reference_pattern -> Nullable<Text>,
        notify -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    adoptions (id) {
        id -> DbUuid,
        service -> Text,
        ars -> Text,
        state -> Text,
        version -> Integer,
        updated_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        changed_in -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    kept_help (service) {
        service -> Text,
        version -> BigInt,
        places -> BigInt,
        uses -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    kept_ways (number) {
        number -> Integer,
        hash -> Binary,
        ways -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    duties (id) {
        id -> DbUuid,
        scope -> Text,
        service -> Nullable<Text>,
        region -> Text,
        land -> Nullable<Text>,
        duty -> Text,
        contact -> Text,
        position -> Integer,
        valid_from -> Nullable<Date>,
        valid_to -> Nullable<Date>,
        person -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    directory_versions (id) {
        id -> DbUuid,
        kind -> Text,
        key -> Text,
        version -> Integer,
        at -> Timestamp,
        actor -> Nullable<Text>,
        reason -> Nullable<Text>,
        ended -> Bool,
        state -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    planned_changes (id) {
        id -> DbUuid,
        contact -> Text,
        takes_effect_on -> Date,
        change -> Text,
        reason -> Nullable<Text>,
        actor -> Text,
        planned_at -> Timestamp,
        state -> Text,
        decided_at -> Nullable<Timestamp>,
        outcome -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    help_channels (id) {
        id -> DbUuid,
        service -> Text,
        ars -> Text,
        position -> Integer,
        kind -> Text,
        label -> Text,
        phone -> Nullable<Text>,
        email -> Nullable<Text>,
        url -> Nullable<Text>,
        hours -> Text,
        languages -> Text,
        cost_note -> Nullable<Text>,
        valid_from -> Nullable<Date>,
        valid_to -> Nullable<Date>,
        version -> Integer,
        updated_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        form -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    number_blocks (year) {
        year -> Integer,
        next -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    tickets (id) {
        id -> DbUuid,
        number -> Text,
        status -> Text,
        channel -> Text,
        service -> Text,
        ars -> Text,
        category -> Text,
        priority -> Text,
        subject -> Text,
        description -> Text,
        context -> Text,
        reply_wish -> Text,
        external_reference -> Nullable<Text>,
        submitted_by -> DbUuid,
        claimed_by -> Nullable<DbUuid>,
        claimed_name -> Nullable<Text>,
        merged_into -> Nullable<DbUuid>,
        answer -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        respond_by -> Timestamp,
        paused_at -> Nullable<Timestamp>,
        answered_at -> Nullable<Timestamp>,
        closed_at -> Nullable<Timestamp>,
        remind_at -> Nullable<Timestamp>,
        reminded -> Integer,
        reply_language -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    ticket_numbers (number) {
        number -> Text,
        ticket_id -> DbUuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    ticket_history (id) {
        id -> DbUuid,
        ticket_id -> DbUuid,
        at -> Timestamp,
        actor -> Text,
        event -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    ticket_reporters (ticket_id) {
        ticket_id -> DbUuid,
        sealed -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    notices (id) {
        id -> DbUuid,
        service -> Text,
        ars -> Text,
        ticket_id -> DbUuid,
        kind -> Text,
        detail -> Text,
        created_at -> Timestamp,
        told_at -> Nullable<Timestamp>,
        recipient -> Nullable<Text>,
        urgent -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    notice_recipients (contact) {
        contact -> Text,
        last_told_at -> Timestamp,
        recent -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    escalations (id) {
        id -> DbUuid,
        ticket_id -> DbUuid,
        kind -> Text,
        status -> Text,
        note -> Text,
        chain -> Text,
        skipped -> Text,
        step -> Integer,
        acknowledge_by -> Nullable<Timestamp>,
        acknowledged_at -> Nullable<Timestamp>,
        acknowledged_name -> Nullable<Text>,
        reference -> Nullable<Text>,
        answer -> Nullable<Text>,
        return_reason -> Nullable<Text>,
        emergency -> Bool,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        counted_from -> Nullable<Timestamp>,
        answer_by -> Nullable<Timestamp>,
        remind_at -> Nullable<Timestamp>,
        reminded -> Integer,
        paused_at -> Nullable<Timestamp>,
        withheld -> Text,
        acknowledged_contact -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    escalation_contacts (escalation_id, contact) {
        escalation_id -> DbUuid,
        contact -> Text,
        step -> Integer,
        reached_at -> Timestamp,
        reference -> Nullable<Text>,
        remote_key -> Nullable<Text>,
        said -> Nullable<Text>,
        said_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    escalation_questions (id) {
        id -> DbUuid,
        escalation_id -> DbUuid,
        contact -> Nullable<Text>,
        asked_by -> Text,
        question -> Text,
        asked_at -> Timestamp,
        reply -> Nullable<Text>,
        replied_by -> Nullable<Text>,
        replied_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    escalation_handovers (id) {
        id -> DbUuid,
        escalation_id -> DbUuid,
        from_contact -> Nullable<Text>,
        from_name -> Text,
        to_contact -> Text,
        to_name -> Text,
        reason -> Text,
        state -> Text,
        at -> Timestamp,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    recounts (id) {
        id -> DbUuid,
        what -> Text,
        region -> Text,
        subject -> Text,
        day -> Nullable<Date>,
        reason -> Text,
        done_to -> Nullable<DbUuid>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    earlier_callback_secrets (id) {
        id -> DbUuid,
        contact -> Text,
        secret -> Binary,
        until -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    contact_callbacks (contact) {
        contact -> Text,
        id -> DbUuid,
        secret -> Binary,
        previous_secret -> Nullable<Binary>,
        previous_until -> Nullable<Timestamp>,
        statuses -> Text,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    escalation_links (hash) {
        hash -> Binary,
        escalation_id -> DbUuid,
        contact -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    users (id) {
        id -> DbUuid,
        login -> Text,
        name -> Text,
        email -> Nullable<Text>,
        state -> Text,
        password -> Nullable<Text>,
        totp -> Nullable<Binary>,
        totp_confirmed_at -> Nullable<Timestamp>,
        totp_step -> Nullable<BigInt>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        last_login_at -> Nullable<Timestamp>,
        version -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    user_grants (id) {
        id -> DbUuid,
        user_id -> DbUuid,
        role -> Text,
        region -> Text,
        service -> Nullable<Text>,
        channel -> Nullable<Text>,
        contact -> Nullable<Text>,
        source -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    user_identities (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        user_id -> DbUuid,
        linked_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    recovery_codes (hash) {
        hash -> Binary,
        user_id -> DbUuid,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    user_links (hash) {
        hash -> Binary,
        user_id -> DbUuid,
        purpose -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    sessions (id) {
        id -> DbUuid,
        hash -> Binary,
        user_id -> DbUuid,
        stage -> Text,
        created_at -> Timestamp,
        seen_at -> Timestamp,
        ends_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        address -> Text,
        agent -> Text,
        issuer -> Nullable<Text>,
        provider_session -> Nullable<Text>,
        id_token -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    login_flows (hash) {
        hash -> Binary,
        nonce -> Text,
        verifier -> Text,
        return_to -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    logout_tokens (jti) {
        jti -> Text,
        seen_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    throttles (key) {
        key -> Text,
        failures -> Integer,
        last_at -> Timestamp,
        blocked_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    audit_entries (id) {
        id -> DbUuid,
        at -> Timestamp,
        actor -> Text,
        address -> Nullable<Text>,
        action -> Text,
        object -> Text,
        object_id -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        seq -> Nullable<BigInt>,
        hash -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    confirmation_requests (id) {
        id -> DbUuid,
        contact -> Text,
        hash -> Binary,
        occasion -> Text,
        endpoint_id -> DbUuid,
        sent_at -> Timestamp,
        expires_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        answer -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    contact_disputes (id) {
        id -> DbUuid,
        contact -> Text,
        said -> Text,
        said_at -> Timestamp,
        settled_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    confirmation_notices (id) {
        id -> DbUuid,
        contact -> Text,
        cause -> Text,
        recipient -> Text,
        created_at -> Timestamp,
        told_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    public_notices (id) {
        id -> DbUuid,
        service -> Text,
        ars -> Text,
        title -> Text,
        text -> Text,
        title_easy -> Nullable<Text>,
        text_easy -> Nullable<Text>,
        title_en -> Nullable<Text>,
        text_en -> Nullable<Text>,
        since -> Timestamp,
        until -> Nullable<Timestamp>,
        version -> Integer,
        updated_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    rollouts (adoption) {
        adoption -> DbUuid,
        planned_start -> Nullable<Date>,
        live_since -> Nullable<Timestamp>,
        suspended_reason -> Nullable<Text>,
        member -> Nullable<Text>,
        delegate -> Nullable<Text>,
        version -> Integer,
        matrix_version -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    checklist_items (adoption, item) {
        adoption -> DbUuid,
        item -> Text,
        state -> Text,
        owner -> Nullable<Text>,
        due_on -> Nullable<Date>,
        done_on -> Nullable<Date>,
        note -> Nullable<Text>,
        version -> Integer,
        changed_by -> Text,
        changed_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    matrix_tasks (adoption, position) {
        adoption -> DbUuid,
        position -> Integer,
        task -> Text,
        specialist_department -> Text,
        it_department -> Text,
        it_provider -> Text,
        procedure_vendor -> Text,
        land -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    agreement_details (operating_land, using_land) {
        operating_land -> Text,
        using_land -> Text,
        since -> Nullable<Date>,
        until -> Nullable<Date>,
        reference -> Nullable<Text>,
        note -> Nullable<Text>,
        version -> Integer,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    closing_days (id) {
        id -> DbUuid,
        region -> Text,
        day -> Date,
        reason -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    inbound_mails (id) {
        id -> DbUuid,
        mailbox -> Text,
        message_key -> Text,
        kind -> Text,
        state -> Text,
        escalation_id -> Nullable<DbUuid>,
        ticket_id -> Nullable<DbUuid>,
        delivery_id -> Nullable<DbUuid>,
        region -> Text,
        sender -> Text,
        size -> BigInt,
        sealed -> Binary,
        received_at -> Timestamp,
        decided_at -> Nullable<Timestamp>,
        decided_by -> Nullable<Text>,
        decision -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    inbound_raw (mail_id) {
        mail_id -> DbUuid,
        sealed -> Binary,
        keep_until -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    inbound_attachments (mail_id, position) {
        mail_id -> DbUuid,
        position -> Integer,
        sealed -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    inbound_uids (mailbox, uid_validity, uid) {
        mailbox -> Text,
        uid_validity -> BigInt,
        uid -> BigInt,
        mail_id -> DbUuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    inbound_mailboxes (name) {
        name -> Text,
        lease -> Nullable<DbUuid>,
        lease_until -> Nullable<Timestamp>,
        read_at -> Nullable<Timestamp>,
        failing_since -> Nullable<Timestamp>,
        fault -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    inbound_acknowledged (sender) {
        sender -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    text_modules (id) {
        id -> DbUuid,
        region -> Text,
        service -> Nullable<Text>,
        language -> Text,
        title -> Text,
        body -> Text,
        version -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    unconfirmed_requests (id) {
        id -> DbUuid,
        number -> Text,
        state -> Text,
        service -> Text,
        ars -> Text,
        sealed -> Binary,
        created_at -> Timestamp,
        keep_until -> Timestamp,
        decided_at -> Nullable<Timestamp>,
        decided_by -> Nullable<Text>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    status_links (hash) {
        hash -> Text,
        about -> DbUuid,
        by_mail -> Bool,
        created_at -> Timestamp,
        valid_until -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    ticket_attachments (ticket_id, position) {
        ticket_id -> DbUuid,
        position -> Integer,
        media -> Text,
        size -> BigInt,
        scan -> Text,
        next_scan -> Nullable<Timestamp>,
        sealed -> Binary,
        gone_at -> Nullable<Timestamp>,
        added_at -> Timestamp,
        added_by -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    ticket_attachment_contents (ticket_id, position) {
        ticket_id -> DbUuid,
        position -> Integer,
        sealed -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    ticket_figures (ticket_id) {
        ticket_id -> DbUuid,
        day -> Integer,
        ars -> Text,
        service -> Text,
        category -> Text,
        origin -> Text,
        contact -> Nullable<Text>,
        answered -> Integer,
        in_time -> Integer,
        late -> Integer,
        escalated -> Integer,
        returned -> Integer,
        rejected -> Integer,
        acknowledge -> Nullable<Integer>,
        answer -> Nullable<Integer>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    daily_figures (region, dimension, span, day, value) {
        region -> Text,
        dimension -> Text,
        span -> Text,
        day -> Integer,
        value -> Text,
        received -> Integer,
        answered -> Integer,
        in_time -> Integer,
        late -> Integer,
        escalated -> Integer,
        returned -> Integer,
        rejected -> Integer,
        acknowledge -> Text,
        answer -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    figures_cursor (id) {
        id -> Integer,
        history -> DbUuid,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    changes,
    sealing_keys,
    endpoints,
    outbox,
    delivery_attempts,
    delivery_events,
    tokens,
    idempotency,
    lands,
    land_agreements,
    municipalities,
    services,
    contacts,
    adoptions,
    rollouts,
    checklist_items,
    matrix_tasks,
    agreement_details,
    duties,
    directory_versions,
    planned_changes,
    confirmation_requests,
    contact_disputes,
    confirmation_notices,
    help_channels,
    number_blocks,
    tickets,
    ticket_numbers,
    ticket_history,
    ticket_reporters,
    notices,
    notice_recipients,
    escalations,
    escalation_contacts,
    escalation_questions,
    escalation_handovers,
    contact_callbacks,
    earlier_callback_secrets,
    recounts,
    escalation_links,
    users,
    user_grants,
    user_identities,
    recovery_codes,
    user_links,
    sessions,
    login_flows,
    logout_tokens,
    throttles,
    audit_entries,
    public_notices,
    municipality_successors,
    transfers,
    closing_days,
    inbound_mails,
    inbound_raw,
    inbound_attachments,
    inbound_uids,
    inbound_mailboxes,
    inbound_acknowledged,
    text_modules,
    unconfirmed_requests,
    status_links,
    ticket_attachments,
    ticket_attachment_contents,
    ticket_figures,
    daily_figures,
    figures_cursor,
);

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::DbUuid;

    ticket_search (ticket_id) {
        ticket_id -> DbUuid,
        body -> Text,
    }
}
diesel::allow_tables_to_appear_in_same_query!(tickets, ticket_search);
