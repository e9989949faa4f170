-- The guided roll-out of an adoption: its project, checklist and division of tasks; agreements between Länder.

-- What is known of a roll-out beside its points. live_since: when it went live last; suspended_reason: why it is out
-- of use. member, delegate: the steering committee. matrix_version: 0 while the division of tasks is a proposal.
CREATE TABLE rollouts (
    adoption BLOB NOT NULL PRIMARY KEY REFERENCES adoptions (id),
    planned_start DATE,
    live_since TIMESTAMP,
    suspended_reason TEXT,
    member TEXT,
    delegate TEXT,
    version INTEGER NOT NULL,
    matrix_version INTEGER NOT NULL
);

-- What people entered for one point; actor as JSON.
CREATE TABLE checklist_items (
    adoption BLOB NOT NULL REFERENCES adoptions (id),
    item TEXT NOT NULL,
    state TEXT NOT NULL,
    owner TEXT,
    due_on DATE,
    done_on DATE,
    note TEXT,
    version INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    PRIMARY KEY (adoption, item)
);

-- Who does what: responsible | contributes | none for each party.
CREATE TABLE matrix_tasks (
    adoption BLOB NOT NULL REFERENCES adoptions (id),
    position INTEGER NOT NULL,
    task TEXT NOT NULL,
    specialist_department TEXT NOT NULL,
    it_department TEXT NOT NULL,
    it_provider TEXT NOT NULL,
    procedure_vendor TEXT NOT NULL,
    land TEXT NOT NULL,
    PRIMARY KEY (adoption, position)
);

-- What is known of an agreement of land_agreements; one without a row here holds without an end.
CREATE TABLE agreement_details (
    operating_land TEXT NOT NULL,
    using_land TEXT NOT NULL,
    since DATE,
    until DATE,
    reference TEXT,
    note TEXT,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (operating_land, using_land)
);
